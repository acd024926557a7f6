/**
 * Finds the paths of the context that a build can read: the sources of COPY and ADD and the bind mounts of RUN. On any doubt the
 * answer is "everything": a missing file breaks a build, an extra one only costs time.
 */
import { expandWord } from "./expand.ts";
import type { Instruction } from "./instruction.ts";
import { type BuildStage, type Dockerfile, findStage, findTarget } from "./parse.ts";
import { findBase, findImages, globalScope, sourcesOf } from "./references.ts";
import { UnknownVariable, Variables } from "./variables.ts";
import type { Environment } from "./variables.ts";
import { jsonStrings, mountFields } from "./words.ts";

/** One source, relative to the context, cleaned, never empty. Wildcards as in Go's filepath.Match; `**` matches anything below. */
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
      /** The base images of the stages: their ONBUILD triggers may read more. */
      readonly bases: readonly string[];
    }
  | {
      readonly kind: "everything";
      /** One clause: `line 3 uses the whole context`. */
      readonly because: string;
    };

/** The parts of a base image that affect the Dockerfile. */
export interface BaseImage {
  /** `NAME=VALUE`. */
  readonly env: readonly string[];
  /** ONBUILD instructions, which run in a build from this image. */
  readonly onBuild: readonly string[];
}

export interface UsedPathsOptions {
  readonly target?: string | undefined;
  /** Values of --build-arg. */
  readonly buildArgs?: ReadonlyMap<string, string>;
  /** The base images that were looked up. Others are assumed to add nothing. */
  readonly bases?: ReadonlyMap<string, BaseImage>;
}

/** BuildKit's own frontends. Any other may read everything. */
const BUILDKIT_FRONTEND =
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
/** Mount types that do not use the context. */
const OTHER_MOUNTS: ReadonlySet<string> = new Set(["cache", "secret", "ssh", "tmpfs"]);
/** Build arguments that select another frontend, or make BuildKit scan the whole context. */
const SYNTAX_ARGUMENT = "BUILDKIT_SYNTAX";
const SCAN_ARGUMENT = "BUILDKIT_SBOM_SCAN_CONTEXT";

class UsesEverything extends Error {}

/** Pure. @throws InvalidInput if the target does not exist */
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
    if (error instanceof UsesEverything) return { kind: "everything", because: error.message };
    throw error;
  }
}

/** Whether docker's own frontend reads the Dockerfile, as far as the file and the build arguments tell. */
export function isDockersFrontend({ directives }: Dockerfile, buildArgs?: ReadonlyMap<string, string>): boolean {
  return [directives.get("syntax"), buildArgs?.get(SYNTAX_ARGUMENT)].every(
    (syntax) => syntax === undefined || BUILDKIT_FRONTEND.test(syntax.trim()),
  );
}

function refuseFrontends({ directives, instructions }: Dockerfile, { buildArgs }: UsedPathsOptions): void {
  for (const syntax of [directives.get("syntax"), buildArgs?.get(SYNTAX_ARGUMENT)]) {
    if (syntax === undefined || BUILDKIT_FRONTEND.test(syntax.trim())) continue;
    throw new UsesEverything(`the frontend ${syntax.trim()} may read any file`);
  }
  const scans = ({ keyword, operand }: Instruction): boolean => keyword === "ARG" && operand.includes(SCAN_ARGUMENT);
  if (buildArgs?.has(SCAN_ARGUMENT) === true || instructions.some(scans)) {
    throw new UsesEverything(`${SCAN_ARGUMENT} scans the whole context`);
  }
}

/** Some builders also build stages that the target does not need, so all stages up to the target count. */
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
    if (image === undefined)
      throw new UsesEverything(`the image ${text} on line ${line} is not known before the build`);
    const triggers = options.bases?.get(image)?.onBuild ?? [];
    if (triggers.length > 0) throw new UsesEverything(`the base image ${image} has ONBUILD triggers`);
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
    // A multi-platform image may have a different value for each platform.
    values.set(name, values.has(name) ? undefined : value.join("="));
  }
  return { values, doubtful: new Set() };
}

function usedBy(instruction: Instruction, escape: string, variables: Variables): UsedPath[] {
  switch (instruction.keyword) {
    case "ONBUILD":
      if (instruction.trigger !== undefined && readsContext(instruction.trigger, escape)) {
        throw new UsesEverything(`line ${instruction.line} is an ONBUILD trigger`);
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
    if (!COPY_FLAGS.has(name)) throw new UsesEverything(`--${name} on line ${line} is not supported`);
    if (name !== "from") continue;
    if (isFixed(value, escape)) return [];
    throw new UsesEverything(`the source of line ${line} is not known before the build`);
  }
  const by = keyword === "ADD" ? "ADD" : "COPY";
  const words = wordsOf(instruction, escape).slice(0, -1);
  // Also as written: a file name may contain a dollar sign, and builders treat that differently.
  const patterns = new Set(words.flatMap((word) => [word, expand(word, line, variables)]));
  return [...patterns].map((source) => ({ pattern: cleaned(source, line), line, by }));
}

/** Sources and destination. Only JSON quotes are removed: builders treat shell quotes differently. */
function wordsOf({ operand, line }: Instruction, escape: string): string[] {
  const words =
    jsonStrings(operand) ?? operand.split(/\s+/).filter((word) => word !== "" && !/^\d*<<-?[^<]/.test(word));
  for (const word of words) {
    if (/["'\\]/.test(word) || word.includes(escape)) throw new UsesEverything(`line ${line} has quotes or escapes`);
  }
  return words;
}

function expand(word: string, line: number, variables: Variables): string {
  try {
    const value = variables.expand(word);
    if (value === word || (value !== "" && !/["'\\\s]/.test(value))) return value;
    throw new UsesEverything(`${word} on line ${line} has the value "${value}"`);
  } catch (error) {
    if (error instanceof UnknownVariable)
      throw new UsesEverything(`the value of ${word} on line ${line} is not known before the build`);
    throw error;
  }
}

function mounted({ line, flags }: Instruction, escape: string): UsedPath[] {
  return flags.flatMap(({ name, value = "" }): UsedPath[] => {
    if (!RUN_FLAGS.has(name)) throw new UsesEverything(`--${name} on line ${line} is not supported`);
    if (name !== "mount") return [];
    if (/["'\\]/.test(value) || value.includes(escape)) throw new UsesEverything(`line ${line} has quotes or escapes`);
    const fields = mountFields(value, escape);
    const from = fields.get("from");
    if (from !== undefined) {
      if (isFixed(from, escape)) return [];
      throw new UsesEverything(`the mount on line ${line} is not known before the build`);
    }
    const type = fields.get("type") ?? "bind";
    if (OTHER_MOUNTS.has(type)) return [];
    const source = fields.get("source") ?? fields.get("src") ?? "/";
    if (type !== "bind" || source.includes("$"))
      throw new UsesEverything(`the mount on line ${line} is not known before the build`);
    return [{ pattern: cleaned(source, line), line, by: "RUN" }];
  });
}

function isFixed(value: string | undefined, escape: string): boolean {
  return value !== undefined && value !== "" && !value.includes("$") && !value.includes(escape);
}

function cleaned(source: string, line: number): string {
  const parts = source.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new UsesEverything(`line ${line} has a path with ..`);
  if (parts.length === 0) throw new UsesEverything(`line ${line} uses the whole context`);
  return parts.join("/");
}
