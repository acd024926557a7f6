/** Programs of others, as test/cluster/parts compiles them. */
import { ROOT, run } from "./command.ts";

/** Where a program is; absent where it was never compiled here, which takes minutes and is left to whoever asks for it. */
export async function findCompiled(part: string, name: string): Promise<string | undefined> {
  const { code, stdout } = await run(`${ROOT}test/cluster/program`, ["--if-compiled", part, name]);
  return code === 0 ? stdout : undefined;
}

export function howToCompile(part: string, name: string): string {
  return `${name} is not compiled, run test/cluster/program ${part} ${name}`;
}
