/** Other projects' programs, which test/cluster/parts compiles. */
import { ROOT, run } from "./command.ts";

/** Returns the path of a program; undefined if it is not compiled yet. It is not compiled here, because that takes minutes. */
export async function findCompiled(part: string, name: string): Promise<string | undefined> {
  const { code, stdout } = await run(`${ROOT}test/cluster/program`, ["--if-compiled", part, name]);
  return code === 0 ? stdout : undefined;
}

export function howToCompile(part: string, name: string): string {
  return `${name} is not compiled, run test/cluster/program ${part} ${name}`;
}
