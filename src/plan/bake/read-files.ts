/** Reads bake files of all formats into one definition. */
import { InvalidInput } from "../../errors.ts";
import { parseBody } from "../../lib/hcl/body.ts";
import { parseJsonBody } from "../../lib/hcl/json.ts";
import { HclError } from "../../lib/hcl/source.ts";
import { withBudget } from "../../lib/limits/budget.ts";
import { limitOf } from "../../lib/limits/limits.ts";
import type { Body } from "../../lib/hcl/syntax.ts";
import { mergeTargets } from "./definition.ts";
import type { Definition, Group, Target } from "./definition.ts";
import { evaluateFiles } from "./evaluate-files.ts";
import type { Lookup } from "./given-values.ts";
import { asInputError } from "./resolve.ts";

/** Read in this order, if they exist, when no file is named. */
export const DEFAULT_FILES = [
  "compose.yaml",
  "compose.yml",
  "docker-compose.yml",
  "docker-compose.yaml",
  "docker-bake.json",
  "docker-bake.hcl",
  "docker-bake.override.json",
  "docker-bake.override.hcl",
];

export interface DefinitionFile {
  /** The name for messages. */
  readonly name: string;
  readonly text: string;
}

export interface Surroundings {
  /** The environment. */
  readonly lookup: Lookup;
  /** Values of `--var`, which have precedence. */
  readonly variables: ReadonlyMap<string, string>;
  /** Variables that no file can set. */
  readonly builtIn: ReadonlyMap<string, string>;
}

/** Reads the targets of compose files. */
export type ReadCompose = (files: readonly DefinitionFile[]) => Pick<Definition, "groups" | "targets">;

type Form = "compose" | "hcl" | "json";

function formOf({ name }: DefinitionFile): Form | undefined {
  const lower = name.toLowerCase();
  if (/\.ya?ml$/.test(lower)) return "compose";
  if (lower.endsWith(".json")) return "json";
  return lower.endsWith(".hcl") ? "hcl" : undefined;
}

/**
 * Compose files come first, then HCL and JSON files in their order.
 * @throws InvalidInput
 */
export function readDefinition(
  files: readonly DefinitionFile[],
  surroundings: Surroundings,
  readCompose: ReadCompose,
): Definition {
  try {
    return withBudget(limitOf("BAKE_STEPS"), () => evaluated(files, surroundings, readCompose));
  } catch (error) {
    throw asInputError(error);
  }
}

function evaluated(
  files: readonly DefinitionFile[],
  { lookup, variables, builtIn }: Surroundings,
  readCompose: ReadCompose,
): Definition {
  const composeFiles: DefinitionFile[] = [];
  const bodies: Body[] = [];
  for (const file of files) {
    const form = formOf(file);
    if (form === "compose" || (form === undefined && isCompose(file, readCompose))) composeFiles.push(file);
    else bodies.push(bodyOf(file, form));
  }
  const compose = composeFiles.length === 0 ? { groups: [], targets: [] } : readCompose(composeFiles);
  const given: Lookup = (name) => variables.get(name) ?? lookup(name);
  const own = bodies.length === 0 ? undefined : evaluateFiles(bodies, given, builtIn);
  return merged(compose, own);
}

/** A file with an unknown extension is a compose file if it can be read as one. */
function isCompose(file: DefinitionFile, readCompose: ReadCompose): boolean {
  try {
    readCompose([file]);
    return true;
  } catch (error) {
    if (error instanceof InvalidInput) return false;
    throw error;
  }
}

function bodyOf(file: DefinitionFile, form: Form | undefined): Body {
  if (form === "json") return parseJsonBody(file);
  if (form === "hcl") return parseBody(file);
  try {
    return parseBody(file);
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    try {
      return parseJsonBody(file);
    } catch {
      throw error;
    }
  }
}

function merged(compose: Pick<Definition, "groups" | "targets">, own: Definition | undefined): Definition {
  if (own === undefined) return { ...compose, variables: [], unknownFields: [] };
  const targets = new Map<string, Target>(compose.targets.map((target) => [target.name, target]));
  for (const target of own.targets) {
    const before = targets.get(target.name);
    targets.set(target.name, before === undefined ? target : mergeTargets(before, target));
  }
  // A group of a later file replaces one with the same name.
  const replaced = (group: Group): Group => own.groups.find(({ name }) => name === group.name) ?? group;
  const kept = compose.groups.map(replaced);
  const others = own.groups.filter(({ name }) => !kept.some((group) => group.name === name));
  return { ...own, targets: [...targets.values()], groups: [...kept, ...others] };
}
