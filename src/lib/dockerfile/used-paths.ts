/**
 * What of its context a build can read at all: the sources of COPY and ADD and the bind mounts of RUN. Whatever leaves the
 * slightest doubt makes it everything, as a file that is missing breaks a build and one too many costs a moment.
 */
import { expandWord } from "./expand.ts";
import type { Instruction } from "./instruction.ts";
import { type BuildStage, type Dockerfile, findStage, findTarget } from "./parse.ts";
import { findBase, findImages, globalScope, sourcesOf } from "./references.ts";
import { Unknown, Variables } from "./variables.ts";
import type { Environment } from "./variables.ts";
import { jsonStrings, mountFields } from "./words.ts";

/** One source: wildcards as in Go's filepath.Match, and `**` for anything below. Relative to the context, cleaned; never empty. */
export interface UsedPath {
  readonly pattern: string;
  /** 1-based. */
  readonly line: number;
  readonly by: "COPY" | "ADD" | "RUN";
}

export type UsedPaths =
  | {
      readonly kind: "paths";
      readonly sources: readonly UsedPath[];
      /** Images the stages start from: what these bring along may reach more. */
      readonly bases: readonly string[];
    }
  | {
      readonly kind: "everything";
      /** One clause: `line 3 copies all of it`. */
      readonly because: string;
    };

/** What a base image adds to the Dockerfile. */
export interface BaseImage {
  /** `NAME=VALUE`. */
  readonly env: readonly string[];
  /** Instructions that run in a build from it. */
  readonly onBuild: readonly string[];
}

export interface UsedPathsOptions {
  readonly target?: string | undefined;
  /** Values of --build-arg. */
  readonly buildArgs?: ReadonlyMap<string, string>;
  /** The base images, as far as they were asked for; others are taken to add nothing. */
  readonly bases?: ReadonlyMap<string, BaseImage>;
}

/** A frontend that is not known here may read what it likes. These are BuildKit's own. */
const OWN_FRONTEND =
  /^(?:docker\.io\/)?docker\/dockerfile(?::(?:1(?:\.\d+){0,2}(?:-labs)?|latest|labs))?(?:@sha256:[0-9a-f]{64})?$/;
const COPY_FLAGS: ReadonlySet<string> = new Set([
  "checksum",
  "chmod",
  "chown",
  "exclude",
  "from",
  "keep-git-dir",
  "link",
  "parents",
  "unpack",
]);
const RUN_FLAGS: ReadonlySet<string> = new Set(["mount", "network", "security"]);
/** Mounts that hold nothing of the context. */
const OTHER_MOUNTS: ReadonlySet<string> = new Set(["cache", "secret", "ssh", "tmpfs"]);
/** Build arguments that make BuildKit look elsewhere, or at all of the context. */
const SYNTAX_ARGUMENT = "BUILDKIT_SYNTAX";
const SCAN_ARGUMENT = "BUILDKIT_SBOM_SCAN_CONTEXT";

class Everything extends Error {}

/** Pure. @throws InvalidInput when there is no such target */
export function findUsedPaths(dockerfile: Dockerfile, options: UsedPathsOptions = {}): UsedPaths {
  try {
    refuseFrontends(dockerfile, options);
    const stages = stagesOf(dockerfile, options.target);
    const bases = basesOf(dockerfile, options);
    const lookup = globalScope(dockerfile, options);
    const environments = new Map<BuildStage, Environment>();
    const sources: UsedPath[] = [];
    for (const stage of stages) {
      const variables = new Variables(dockerfile.escape, lookup, options.buildArgs ?? new Map());
      variables.inherit(environmentOf(stage, dockerfile, options, environments));
      for (const instruction of stage.instructions) {
        sources.push(...usedBy(instruction, dockerfile.escape, variables));
        variables.observe(instruction);
      }
      environments.set(stage, variables.environment());
    }
    return { kind: "paths", sources, bases };
  } catch (error) {
    if (error instanceof Everything) return { kind: "everything", because: error.message };
    throw error;
  }
}

function refuseFrontends({ directives, instructions }: Dockerfile, { buildArgs }: UsedPathsOptions): void {
  for (const syntax of [directives.get("syntax"), buildArgs?.get(SYNTAX_ARGUMENT)]) {
    if (syntax === undefined || OWN_FRONTEND.test(syntax.trim())) continue;
    throw new Everything(`the frontend ${syntax.trim()} may read any of it`);
  }
  const scans = ({ keyword, operand }: Instruction): boolean => keyword === "ARG" && operand.includes(SCAN_ARGUMENT);
  if (buildArgs?.has(SCAN_ARGUMENT) === true || instructions.some(scans)) {
    throw new Everything(`${SCAN_ARGUMENT} scans all of it`);
  }
}

/** Some builders build stages that the target does not need: so all down to it count. */
function stagesOf(dockerfile: Dockerfile, target: string | undefined): readonly BuildStage[] {
  const last = findTarget(dockerfile, target).index;
  const stages = dockerfile.stages.slice(0, last + 1);
  const names = stages.flatMap(({ instructions }) =>
    instructions.flatMap((instruction) => sourcesOf(instruction, dockerfile.escape)),
  );
  const later = names.some((name) => (findStage(dockerfile.stages, name)?.index ?? 0) > last);
  return later ? dockerfile.stages : stages;
}

function basesOf(dockerfile: Dockerfile, options: UsedPathsOptions): string[] {
  const bases = new Set<string>();
  for (const { image, text, line, by } of findImages(dockerfile, { ...options, everyStage: true })) {
    if (by !== "FROM") continue;
    if (image === undefined) throw new Everything(`it is not known here what image ${text} on line ${line} is`);
    const triggers = options.bases?.get(image)?.onBuild ?? [];
    if (triggers.length > 0) throw new Everything(`the base image ${image} has ONBUILD triggers`);
    bases.add(image);
  }
  return [...bases];
}

function environmentOf(
  stage: BuildStage,
  dockerfile: Dockerfile,
  options: UsedPathsOptions,
  environments: ReadonlyMap<BuildStage, Environment>,
): Environment {
  const base = expandWord(stage.base, globalScope(dockerfile, options), dockerfile.escape);
  const parent = base === undefined ? undefined : findBase(dockerfile.stages, base, stage);
  const inherited = parent === undefined ? undefined : environments.get(parent);
  if (inherited !== undefined) return inherited;
  const values = new Map<string, string | undefined>();
  for (const entry of (base === undefined ? undefined : options.bases?.get(base)?.env) ?? []) {
    const [name = "", ...value] = entry.split("=");
    // An image of several platforms may have several values.
    values.set(name, values.has(name) ? undefined : value.join("="));
  }
  return { values, doubtful: new Set() };
}

function usedBy(instruction: Instruction, escape: string, variables: Variables): UsedPath[] {
  switch (instruction.keyword) {
    case "ONBUILD":
      if (instruction.trigger !== undefined && readsContext(instruction.trigger, escape)) {
        throw new Everything(`line ${instruction.line} is an ONBUILD trigger`);
      }
      return [];
    case "COPY":
    case "ADD":
      return copied(instruction, escape, variables);
    case "RUN":
      return mounted(instruction, escape);
    default:
      return [];
  }
}

function readsContext({ keyword, flags, operand }: Instruction, escape: string): boolean {
  if (keyword === "RUN") return flags.length > 0 || operand.startsWith("--");
  if (keyword !== "COPY" && keyword !== "ADD") return false;
  return !flags.some(({ name, value }) => name === "from" && isFixed(value, escape));
}

function copied(instruction: Instruction, escape: string, variables: Variables): UsedPath[] {
  const { keyword, line, flags } = instruction;
  for (const { name, value } of flags) {
    if (!COPY_FLAGS.has(name)) throw new Everything(`--${name} on line ${line} is not known here`);
    if (name !== "from") continue;
    if (isFixed(value, escape)) return [];
    throw new Everything(`it is not known here what line ${line} copies from`);
  }
  const by = keyword === "ADD" ? "ADD" : "COPY";
  const words = wordsOf(instruction, escape).slice(0, -1);
  // As written too: a file's name may have a dollar sign, and then builders differ in what they look for.
  const patterns = new Set(words.flatMap((word) => [word, expand(word, line, variables)]));
  return [...patterns].map((source) => ({ pattern: cleaned(source, line), line, by }));
}

/** Sources and destination, quotes taken off by JSON alone: what a shell would make of others differs between builders. */
function wordsOf({ operand, line }: Instruction, escape: string): string[] {
  const words =
    jsonStrings(operand) ?? operand.split(/\s+/).filter((word) => word !== "" && !/^\d*<<-?[^<]/.test(word));
  for (const word of words) {
    if (/["'\\]/.test(word) || word.includes(escape)) throw new Everything(`line ${line} has quotes or escapes`);
  }
  return words;
}

function expand(word: string, line: number, variables: Variables): string {
  try {
    const value = variables.expand(word);
    if (value === word || (value !== "" && !/["'\\\s]/.test(value))) return value;
    throw new Everything(`${word} on line ${line} stands for "${value}"`);
  } catch (error) {
    if (error instanceof Unknown) throw new Everything(`it is not known here what ${word} on line ${line} is`);
    throw error;
  }
}

function mounted({ line, flags }: Instruction, escape: string): UsedPath[] {
  return flags.flatMap(({ name, value = "" }): UsedPath[] => {
    if (!RUN_FLAGS.has(name)) throw new Everything(`--${name} on line ${line} is not known here`);
    if (name !== "mount") return [];
    if (/["'\\]/.test(value) || value.includes(escape)) throw new Everything(`line ${line} has quotes or escapes`);
    const fields = mountFields(value, escape);
    const from = fields.get("from");
    if (from !== undefined) {
      if (isFixed(from, escape)) return [];
      throw new Everything(`it is not known here what line ${line} mounts`);
    }
    const type = fields.get("type") ?? "bind";
    if (OTHER_MOUNTS.has(type)) return [];
    const source = fields.get("source") ?? fields.get("src") ?? "/";
    if (type !== "bind" || source.includes("$")) throw new Everything(`it is not known here what line ${line} mounts`);
    return [{ pattern: cleaned(source, line), line, by: "RUN" }];
  });
}

function isFixed(value: string | undefined, escape: string): boolean {
  return value !== undefined && value !== "" && !value.includes("$") && !value.includes(escape);
}

function cleaned(source: string, line: number): string {
  const parts = source.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new Everything(`line ${line} goes up with ..`);
  if (parts.length === 0) throw new Everything(`line ${line} takes all of it`);
  return parts.join("/");
}
