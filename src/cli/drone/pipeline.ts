/**
 * Translates a build step of a pipeline.yaml of Banzai Cloud's CI (a Drone 0.8 pipeline with `secretFrom`) to the variables that its
 * plugin would get. Pure.
 */
import type { SecretVariable } from "../../app/cluster-secrets.ts";
import { load } from "js-yaml";
import { InvalidInput } from "../../errors.ts";
import { mayReplace } from "./limits.ts";
import type { Environment } from "./settings.ts";

export interface PipelineStep {
  /** PLUGIN_*, and the variables that the step sets in its environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Variables whose values are in Secrets of the namespace. */
  readonly secrets: readonly SecretVariable[];
  readonly notices: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Keys of the step itself. All other keys are settings of its plugin. */
const STEP_KEYS = new Set([
  "image",
  "secretFrom",
  "environment",
  "secrets",
  "when",
  "pull",
  "group",
  "commands",
  "volumes",
]);
const SECRET_FROM_SYNTAX = "Write secretFrom: {VARIABLE: {name: SECRET, keyRef: KEY}}.";

/** @throws InvalidInput, with the name of the file in its message */
export function readPipeline(file: string, text: string, name: string, env: Environment): PipelineStep {
  const invalid = (what: string, ...suggestions: string[]): InvalidInput =>
    new InvalidInput(`${file}: ${what}`, { suggestions });
  const steps = stepsOf(file, text);
  const step = Object.hasOwn(steps, name) ? steps[name] : undefined;
  if (!isFields(step)) {
    throw invalid(`there is no step ${name}`, `The steps are: ${Object.keys(steps).join(", ") || "none"}.`);
  }
  const substituted = (text: string): string =>
    substitute(text, env, (variable) => {
      throw invalid(
        `the step may not read ${variable} from your environment`,
        "It may read facts of the commit and the build, such as DRONE_COMMIT_SHA and CI_COMMIT_TAG.",
      );
    });
  const textOf = (value: unknown, where: string): string => {
    const parts = Array.isArray(value) ? value : [value];
    const hasOther = parts.some((part) => !["string", "number", "boolean"].includes(typeof part));
    if (hasOther)
      throw invalid(`${name}.${where} is neither a value nor a list of values`, "Write text, a number, or a list.");
    return parts.map((part) => substituted(String(part))).join(",");
  };
  const variables = Object.entries(step)
    .filter(([key, value]) => !STEP_KEYS.has(key) && value !== null && value !== undefined)
    .map(([key, value]): [string, string] => [`PLUGIN_${key.toUpperCase()}`, textOf(value, key)]);
  const environment = environmentOf(step["environment"]).map(([key, value]): [string, string] => [
    key,
    textOf(value, `environment.${key}`),
  ]);
  const secrets = Object.entries(isFields(step["secretFrom"]) ? step["secretFrom"] : {}).map(([variable, from]) => {
    const { name: secret, keyRef: key } = isFields(from) ? from : {};
    if (typeof secret !== "string" || typeof key !== "string") {
      throw invalid(`${name}.secretFrom.${variable} does not name a key of a Secret`, SECRET_FROM_SYNTAX);
    }
    return { variable, name: substituted(secret), key: substituted(key) };
  });
  const unused = ["secrets", "when", "commands", "volumes"].filter((key) => step[key] !== undefined);
  return {
    variables: Object.fromEntries([...environment, ...variables]),
    secrets,
    notices: unused.length === 0 ? [] : [`slipway ignores these keys of the step ${name}: ${unused.join(", ")}`],
  };
}

function stepsOf(file: string, text: string): Fields {
  let read: unknown;
  try {
    read = text.trim() === "" ? undefined : load(text);
  } catch (error) {
    throw new InvalidInput(`${file} is not YAML: ${(error as Error).message.split("\n", 1)[0]}`, {
      suggestions: ["Correct the file at that place."],
      cause: error,
    });
  }
  const steps = isFields(read) ? read["pipeline"] : undefined;
  if (isFields(steps)) return steps;
  throw new InvalidInput(`${file} has no key \`pipeline\` with steps below it`, {
    suggestions: ["Name a pipeline.yaml of Banzai Cloud's CI."],
  });
}

/** From a mapping `KEY: VALUE`, or a list of `KEY=VALUE`. */
function environmentOf(value: unknown): [string, unknown][] {
  if (isFields(value)) return Object.entries(value);
  if (!Array.isArray(value)) return [];
  return value.map(String).map((entry): [string, string] => {
    const at = entry.indexOf("=");
    return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
  });
}

/** Replaces `${DRONE_…}` and `${CI_…}`, as Drone does before it runs the step. Other text stays as it is. */
function substitute(text: string, env: Environment, refuse: (variable: string) => never): string {
  return text.replaceAll(/\$\{((?:DRONE|CI)_\w+)\}/g, (_, name: string) =>
    mayReplace(name) ? (env[name] ?? "") : refuse(name),
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
