/** Runs the program as a user does: the built one, in a directory, with arguments, reading its streams and exit code. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { onTestFailed } from "vitest";

const EXECUTABLE = process.env["SLIPWAY_TEST_EXECUTABLE"];
const PACKAGE = new URL("../../../bin/run.js", import.meta.url).pathname;

/** Whether the tests run the single executable, which SLIPWAY_TEST_EXECUTABLE names, or the npm package. */
export const IS_EXECUTABLE = EXECUTABLE !== undefined;

/** The program with its first args. None of them has a space or a quote, so they may stand in a shell's line. */
export const PROGRAM: readonly [string, ...string[]] =
  EXECUTABLE === undefined ? [process.execPath, PACKAGE] : [EXECUTABLE];

/** Makes `slipway` in a directory for the PATH, as an installation does: a link. */
export async function installProgram(directory: string): Promise<void> {
  await symlink(EXECUTABLE ?? PACKAGE, join(directory, "slipway"));
  // The npm package asks the PATH for its Node.
  if (EXECUTABLE === undefined) await symlink(process.execPath, join(directory, "node"));
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string | Buffer;
  /** Called with the process and all of stderr so far, each time there is more. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout and stderr as a person sees them. */
  readonly output: string;
}

export function slipway(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1", ...options.env };
  const [command, ...first] = PROGRAM;
  const child = spawn(command, [...first, ...args], { cwd: options.cwd ?? process.cwd(), env, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    output += text;
    options.onStderr?.(stderr, child);
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.stdin ?? "");
  endWithTest(child, () => `slipway ${args.join(" ")} still ran, after it had printed:\n${output}`);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ code, signal, stdout, stderr: withoutWaits(stderr), output: withoutWaits(output) }),
    );
  });
}

/** A test that times out says what its program printed so far, and ends it. A hook such as beforeAll has no such end. */
function endWithTest(child: ChildProcess, report: () => string): void {
  const onFailed = (): void => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    process.stderr.write(`${report()}\n`);
    child.kill("SIGKILL");
  };
  try {
    onTestFailed(onFailed);
  } catch {
    // Outside a test, vitest refuses the registration.
  }
}

/** On a slow machine any request may take so long that slipway says what it waits for: no test may depend on that. */
function withoutWaits(text: string): string {
  return text.replaceAll(/^(?:=> )?waiting for .+ \((?:\d+ min )?\d[\d.]* s\)\n/gm, "");
}
