/** Other projects' programs, and the test cluster's, which test/cluster/parts compiles. */
import { execFileSync } from "node:child_process";

const PROGRAM = new URL("../../cluster/program", import.meta.url).pathname;

/** Path of a program of a part. It is compiled the first time, which may take minutes. */
export function compiled(part: string, name: string): string {
  return execFileSync(PROGRAM, [part, name], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}
