/** Checks of FROM: the name, base image and platform of a stage. The messages are those of BuildKit's frontend/dockerfile/linter. */
import { expandWord } from "../expand.ts";
import type { BuildStage, Dockerfile } from "../parse.ts";
import { nearest } from "../../text/suggest.ts";
import { splitWords } from "../words.ts";
import { found, typedKeyword } from "./rule.ts";
import type { Find } from "./rule.ts";

const RESERVED = /^(?:scratch|context)$/;

export const stageNameCasing: Find = function* ({ dockerfile: { stages, escape } }) {
  for (const { from } of stages) {
    const [, , name = ""] = splitWords(from.operand, escape);
    if (name !== name.toLowerCase()) yield found(`Stage name '${name}' should be lowercase`, from);
  }
};

export const fromAsCasing: Find = function* ({ dockerfile: { stages, escape }, rows }) {
  for (const { from } of stages) {
    const [, as] = splitWords(from.operand, escape);
    const keyword = typedKeyword(rows, from);
    const lower = keyword === keyword.toLowerCase();
    // ConsistentInstructionCasing reports a FROM in mixed case.
    if (as === undefined || (!lower && keyword !== keyword.toUpperCase())) continue;
    if (as !== (lower ? as.toLowerCase() : as.toUpperCase())) {
      yield found(`'${as}' and '${keyword}' keywords' casing do not match`, from);
    }
  }
};

export const reservedStageName: Find = function* ({ dockerfile: { stages } }) {
  for (const { name = "", from } of stages) {
    if (RESERVED.test(name)) {
      yield found(`Stage name should not use the same name as reserved stage "${name}"`, from);
    }
  }
};

export const duplicateStageName: Find = function* ({ dockerfile: { stages } }) {
  const seen = new Set<string>();
  for (const { name, from } of stages) {
    if (name === undefined) continue;
    if (seen.has(name)) yield found(`Duplicate stage name "${name}", stage names should be unique`, from);
    seen.add(name);
  }
};

export const redundantTargetPlatform: Find = function* ({ dockerfile: { stages } }) {
  for (const { platform = "", from } of stages) {
    if (!/^\$(?:TARGETPLATFORM|\{TARGETPLATFORM\})$/.test(platform)) continue;
    const detail = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`;
    yield found(detail, from);
  }
};

export const fromPlatformFlagConstDisallowed: Find = function* ({ dockerfile: { stages } }) {
  for (const { platform, name = "", from } of stages) {
    if (platform === undefined || platform.includes("$")) continue;
    // A stage with the platform in its name has it on purpose.
    if (platform.split("/").some((part, at) => at < 2 && name.includes(part))) continue;
    yield found(`FROM --platform flag should not use constant value "${platform}"`, from);
  }
};

/** Arguments that have a value without an ARG. */
const PREDEFINED = ["TARGET", "BUILD"].flatMap((side) =>
  ["PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT"].map((what) => side + what),
);

export const undefinedArgInFrom: Find = function* ({ dockerfile }) {
  const declared = [...PREDEFINED, "TARGETSTAGE", ...defaultsOf(dockerfile, new Map()).keys()];
  for (const { base, platform = "", from } of dockerfile.stages) {
    for (const text of [base, platform]) {
      for (const name of new Set(unset(text, declared))) {
        const near = nearest(name, declared, () => 2);
        const hint = near === undefined ? "" : ` (did you mean ${near}?)`;
        yield found(`FROM argument '${name}' is not declared${hint}`, from);
      }
    }
  }
};

/** Names of the variables in a word that are not declared, even if they have a default. */
function unset(word: string, declared: readonly string[]): string[] {
  const named = [...word.matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name);
  return named.filter((name) => !declared.includes(name));
}

export const invalidDefaultArgInFrom: Find = function* ({ dockerfile }) {
  for (const { base, from } of invalidBases(dockerfile, new Map())) {
    yield found(`Default value for ARG ${base} results in empty or invalid base image name`, from);
  }
};

/** The stages whose base is not a valid image name with these build arguments. */
export function invalidBases(dockerfile: Dockerfile, given: ReadonlyMap<string, string>): BuildStage[] {
  const { stages, escape } = dockerfile;
  const values = defaultsOf(dockerfile, given);
  // The builder sets a platform argument to some word.
  const lookup = (name: string): string => values.get(name) ?? (PREDEFINED.includes(name) ? "x" : "");
  return stages.filter(({ base }) => {
    const name = base.includes("$") ? expandWord(base, lookup, escape) : undefined;
    return name !== undefined && !mayBeImage(name);
  });
}

/** The arguments before the first FROM with their values; the default if no value is given. */
function defaultsOf({ globals, escape }: Dockerfile, given: ReadonlyMap<string, string>): Map<string, string> {
  const values = new Map<string, string>();
  for (const word of globals.flatMap(({ operand }) => splitWords(operand, escape))) {
    const at = word.indexOf("=");
    const name = at === -1 ? word : word.slice(0, at);
    const value = at === -1 ? "" : expandWord(word.slice(at + 1), (other) => values.get(other) ?? "", escape);
    values.set(name, given.get(name) ?? value ?? "");
  }
  return values;
}

/** Whether the text can be an image name (host, path, tag, digest). Enough to notice a missing part. */
function mayBeImage(name: string): boolean {
  return /^(?:[\w.-]+(?::\d+)?\/)*[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::\w[\w.-]*)?(?:@\w+:[0-9a-f]+)?$/i.test(name);
}

export const invalidDefinitionDescription: Find = function* ({ dockerfile: { instructions, escape } }) {
  for (const instruction of instructions) {
    const { keyword, operand, comments } = instruction;
    const words = splitWords(operand, escape);
    const names = keyword === "ARG" ? words.map((word) => word.split("=")[0] ?? "") : (words[2]?.toLowerCase() ?? []);
    const last = comments.at(-1);
    const [first, ...more] = [names].flat();
    if ((keyword !== "ARG" && keyword !== "FROM") || last === undefined || first === undefined) continue;
    if ([first, ...more].includes(last.split(" ")[0] ?? "")) continue;
    const example = more.length === 0 ? first : "<arg_key>";
    yield found(`Comment for ${keyword} should follow the format: \`# ${example} <description>\``, instruction);
  }
};
