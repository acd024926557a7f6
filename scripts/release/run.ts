/** Runs the programs that a release is made with. */
import { spawn } from "node:child_process";

export interface Options {
  readonly cwd?: string;
  /** What the program sees as its own name. Default: its path. */
  readonly argv0?: string;
  /** The whole environment. Without it, the one of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are right. Default: only 0. */
  readonly codes?: readonly number[];
}

/** @returns standard output. @throws Error with the program's output if it ends with another code */
export async function mustRun(program: string, args: readonly string[], options: Options = {}): Promise<string> {
  const { cwd, argv0, env, codes = [0] } = options;
  const child = spawn(program, args, { cwd, argv0, env: env ?? process.env, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  if (code === null || !codes.includes(code)) {
    throw new Error(`${[program, ...args].join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  }
  return stdout;
}
