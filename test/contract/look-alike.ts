/**
 * The command under test: slipway, or another command that imitates `docker build`. CONTRACT_COMMAND is the command with its first
 * args, separated by spaces: `CONTRACT_COMMAND="docker buildx build"`.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { environment } from "../e2e/support/build.ts";

const PROGRAM = new URL("../../bin/run.js", import.meta.url).pathname;
const given = process.env["CONTRACT_COMMAND"];

export const isSlipway = given === undefined;
/** Whether slipway builds in a kept builder: then its default builder is BuildKit, and it refuses all others. */
export const isKept = isSlipway && process.env["SLIPWAY_KEEP"] !== undefined;

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly stdin?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A message of the Kubernetes library in buildx's driver when its connection is closed. It is not part of docker's output. */
const OF_THE_DRIVER = /^E\d{4} .*"Copying stdin failed".*\n/gm;

/** Runs the command under test. */
export async function lookAlike(namespace: string, args: readonly string[], options: RunOptions): Promise<Run> {
  const [command = "", ...prefix] = given === undefined ? [process.execPath, PROGRAM, "build"] : given.split(" ");
  const done = await run(command, [...prefix, ...args], {
    ...options,
    env: { SLIPWAY_NAMESPACE: namespace, NO_COLOR: "1", ...options.env },
  });
  return { ...done, stderr: done.stderr.replaceAll(OF_THE_DRIVER, "") };
}

/** Ends the kept builders. A case with resources of its own has a builder of its own, which holds them while it stays. */
export async function stopKept(namespace: string): Promise<void> {
  const { code, stderr } = await run(process.execPath, [PROGRAM, "keep", "stop", "--all", "-n", namespace], {
    cwd: ".",
  });
  if (code !== 0) throw new Error(stderr);
}

export function run(command: string, args: readonly string[], { cwd, stdin = "", env = {} }: RunOptions): Promise<Run> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Returns a unique image name. */
export function imageName(): string {
  return `${environment("REGISTRY")}/contract/${randomBytes(6).toString("hex")}`;
}
