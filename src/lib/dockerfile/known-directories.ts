/** The directories that are certain to exist at a line of a stage, whatever its base image has. */
import { posix } from "node:path";
import { trimEndChars } from "../text/linear.ts";
import type { Instruction } from "./instruction.ts";
import { jsonStrings, splitWords } from "./words.ts";

/** The word with its variables replaced and its quotes removed; undefined if a value is not known here. */
export type ExpandWord = (word: string) => string | undefined;

/** The whole of a RUN, or its beginning before `&&`, that only makes directories. No quotes, variables or wildcards. */
const MKDIR = /^mkdir\s+(?:-p|--parents)\s+([^\s&|;<>$'"`\\()*?[{]+(?:\s+[^\s&|;<>$'"`\\()*?[{]+)*)\s*(?:&&|$)/;

export class KnownDirectories {
  readonly #paths: Set<string>;
  /** Undefined: the base image decides. */
  #workdir: string | undefined;

  constructor(parent?: KnownDirectories) {
    this.#paths = new Set(parent === undefined ? ["/"] : parent.#paths);
    if (parent !== undefined) this.#workdir = parent.#workdir;
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** An absolute path, normalised and without a slash at its end. Undefined if the working directory is not known. */
  resolve(path: string): string | undefined {
    if (!path.startsWith("/") && this.#workdir === undefined) return undefined;
    return trimmed(posix.resolve(this.#workdir ?? "/", path));
  }

  /** Takes notice of a directory that the instruction makes. */
  observe(instruction: Instruction, escape: string, expand: ExpandWord): void {
    switch (instruction.keyword) {
      case "WORKDIR":
        this.#workdir = this.#made(expand(instruction.operand));
        return;
      case "COPY":
      case "ADD": {
        const { destination, several } = copyWords(instruction, escape);
        const path = destination === undefined ? undefined : expand(destination);
        if (path === undefined) return;
        this.#made(several || path.endsWith("/") ? path : posix.dirname(path));
        return;
      }
      case "RUN": {
        // Below a mount, the directory is not in the image.
        if (instruction.flags.length > 0) return;
        for (const path of MKDIR.exec(instruction.operand)?.[1]?.split(/\s+/) ?? []) this.#made(path);
        return;
      }
      default:
    }
  }

  #made(path: string | undefined): string | undefined {
    const whole = path === undefined ? undefined : this.resolve(path);
    for (let at = whole; at !== undefined && at !== "/"; at = posix.dirname(at)) this.#paths.add(at);
    return whole;
  }
}

/** The sources and the destination of COPY or ADD, as written. */
export function copyWords(
  { operand }: Instruction,
  escape: string,
): { readonly sources: readonly string[]; readonly destination: string | undefined; readonly several: boolean } {
  const words = jsonStrings(operand) ?? splitWords(operand, escape);
  const sources = words.slice(0, -1);
  return { sources, destination: words.at(-1), several: sources.length > 1 };
}

function trimmed(path: string): string {
  return path.length > 1 ? trimEndChars(path, "/") : path;
}
