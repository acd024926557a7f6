/** Runs the program as a user does: the built one, in a directory, with arguments, reading its streams and exit code. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { onTestFailed } from "vitest";

/** The program with its first args: that of the npm package, or the single executable that SLIPWAY_TEST_EXECUTABLE names. */
export const PROGRAM: readonly [string, ...string[]] =
  process.env["SLIPWAY_TEST_EXECUTABLE"] === undefined
    ? [process.execPath, new URL("../../../bin/run.js", import.meta.url).pathname]
    : [process.env["SLIPWAY_TEST_EXECUTABLE"]];

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
