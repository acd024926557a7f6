/**
 * The sources of COPY and ADD that a build certainly reads from its context, each by one name that is known before the build. On any doubt a
 * source is left out: who reads this list refuses a build for what is missing of it.
 */
import type { Instruction } from "./instruction.ts";
import type { Dockerfile } from "./parse.ts";
import { neededStages } from "./references.ts";
import type { ReferenceOptions } from "./references.ts";
import { isDockersFrontend } from "./used-paths.ts";
import { UnknownVariable, Variables } from "./variables.ts";
import { jsonStrings } from "./words.ts";

export interface LiteralSource {
  /** Relative to the context, cleaned, never empty. */
  readonly path: string;
  /** 1-based; `endLine` is the last line of the instruction. */
  readonly line: number;
  readonly endLine: number;
}

/** Flags that do not change which files of the context are read. */
const HARMLESS_FLAGS: ReadonlySet<string> = new Set(["chmod", "chown", "link"]);

/** URLs and names of repositories. */
const REMOTE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/|\.git(?:#|$)/;

/** What ADD fetches, and what may be that, such as `git@host:name`. */
function isFetched(source: string): boolean {
  const [first = ""] = source.split("/");
  return REMOTE.test(source) || first.includes("@");
}

/** Pure. @throws InvalidInput if the target does not exist */
export function literalSources(dockerfile: Dockerfile, options: ReferenceOptions = {}): LiteralSource[] {
  const { escape } = dockerfile;
  if (!isDockersFrontend(dockerfile, options.buildArgs)) return [];
  return neededStages(dockerfile, options).flatMap((stage) => {
    // Only what ENV sets in this stage is known: ENV of a base image goes before ARG.
    const variables = new Variables(escape, () => undefined, new Map());
    return stage.instructions.flatMap((instruction) => {
      const found = sourcesOf(instruction, escape, variables);
      if (instruction.keyword === "ENV") variables.observe(instruction);
      return found;
    });
  });
}

function sourcesOf(instruction: Instruction, escape: string, variables: Variables): LiteralSource[] {
  const { keyword, flags, heredocs, operand, line, endLine } = instruction;
  if (keyword !== "COPY" && keyword !== "ADD") return [];
  if (heredocs.length > 0 || flags.some(({ name }) => !HARMLESS_FLAGS.has(name))) return [];
  const words = jsonStrings(operand) ?? operand.split(/\s+/).filter((word) => word !== "");
  // A word with blanks inside quotes is several here, so quotes make the whole line doubtful.
  if (words.some((word) => /["'\\]/.test(word) || word.includes(escape))) return [];
  return words.slice(0, -1).flatMap((word) => {
    const source = expanded(word, variables);
    if (source === undefined || (keyword === "ADD" && isFetched(source))) return [];
    const path = cleaned(source);
    return path === undefined ? [] : [{ path, line, endLine }];
  });
}

function expanded(word: string, variables: Variables): string | undefined {
  try {
    return variables.expand(word);
  } catch (error) {
    if (error instanceof UnknownVariable) return undefined;
    throw error;
  }
}

/** Undefined for the whole context, for a pattern, and for a path that a builder may read in another way. */
function cleaned(source: string): string | undefined {
  if (/[*?[\]\\$"'\s]/.test(source)) return undefined;
  const parts = source.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 || parts.includes("..") ? undefined : parts.join("/");
}
