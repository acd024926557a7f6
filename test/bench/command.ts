/** Runs commands and measures their time. */
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import packageJson from "../../package.json" with { type: "json" };

export const ROOT = new URL("../../", import.meta.url).pathname;

/** The program of the npm package. */
export const SLIPWAY = `${ROOT}bin/run.js`;

/** The single executable for this machine, which `make executable` makes. */
export const EXECUTABLE = `${ROOT}release/slipway-${packageJson.version}-${process.platform}-${process.arch}`;

const npm = [process.execPath, SLIPWAY] as const;

/**
 * What the rows about whole builds start: the executable, unless it is missing or older than the program. The bench's `--npm` takes
 * the npm package.
 */
export const MEASURED: readonly [string, ...string[]] =
  process.argv.includes("--npm") || timeOf(EXECUTABLE) < timeOf(`${ROOT}dist/slipway.cjs`) ? npm : [EXECUTABLE];

/** For the line above the table. */
export const MEASURED_NAME =
  MEASURED[0] === EXECUTABLE ? "the executable" : `the npm package on Node ${process.versions.node}`;

function timeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  /** Milliseconds from the start to the end. */
  readonly ms: number;
}

/**
 * The environment without further authorities for Node: it reads them at each start, although nothing here needs them, and few users have
 * any. 140 of them take 6 to 9 ms.
 */
const { NODE_EXTRA_CA_CERTS: _, ...ENVIRONMENT } = process.env;

export function run(
  command: string,
  args: readonly string[],
  { env = {}, stdin = "" }: { env?: NodeJS.ProcessEnv; stdin?: string } = {},
): Promise<Finished> {
  const started = performance.now();
  const child = spawn(command, args, { stdio: "pipe", env: { ...ENVIRONMENT, ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => {}).end(stdin);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ stdout, stderr, code, ms: performance.now() - started }));
  });
}

/** Runs a command that must succeed. @throws Error with its output if it fails: the time of a failure means nothing */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; stdin?: string } = {},
): Promise<Finished> {
  const finished = await run(command, args, options);
  if (finished.code === 0) return finished;
  throw new Error(`${command} ${args.join(" ")} ended with ${finished.code}:\n${finished.stdout}${finished.stderr}`);
}

/** Runs slipway, which must succeed. @throws Error with its output if it fails */
export function runSlipway(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; stdin?: string } = {},
): Promise<Finished> {
  const [command, ...prefix] = MEASURED;
  return mustRun(command, [...prefix, ...args], options);
}
