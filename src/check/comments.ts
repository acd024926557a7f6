/** Comments that say what something is. */
import type { Instruction } from "../dockerfile/parse.ts";

/** What `# NAME what it is` above an instruction says of that name; empty where it says nothing. */
export function commentFor(name: string, { comments }: Instruction): string {
  const found = name === "" ? undefined : comments.find((comment) => comment.startsWith(`${name} `));
  return found?.slice(name.length + 1) ?? "";
}
