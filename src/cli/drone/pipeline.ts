/**
 * The build step of a pipeline.yaml of Banzai Cloud's CI (a Drone 0.8 pipeline with `secretFrom`) as the variables its plugin would
 * have been given. Pure.
 */
import type { SecretVariable } from "../../app/cluster-secrets.ts";
import { load } from "js-yaml";
import { InvalidInput } from "../../errors.ts";
import type { Environment } from "./settings.ts";

export interface PipelineStep {
  /** PLUGIN_*, and what the step sets in its environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** Variables whose values are in Secrets of the namespace. */
  readonly secrets: readonly SecretVariable[];
  readonly notices: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Of the step, and not of its plugin. */
const OF_STEP = new Set([
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
const FORM = "Write it as secretFrom: {VARIABLE: {name: SECRET, keyRef: KEY}}.";

/** @throws InvalidInput with the file's name */
export function readPipeline(file: string, text: string, name: string, env: Environment): PipelineStep {
  const refuse = (what: string, ...suggestions: string[]): InvalidInput =>
    new InvalidInput(`${file}: ${what}`, { suggestions });
  const steps = stepsOf(file, text);
  const step = Object.hasOwn(steps, name) ? steps[name] : undefined;
  if (!isFields(step)) {
    throw refuse(`there is no step ${name}`, `Its steps are ${Object.keys(steps).join(", ") || "none"}.`);
  }
  const settled = (value: unknown, where: string): string => {
    const parts = Array.isArray(value) ? value : [value];
    const bad = parts.some((part) => !["string", "number", "boolean"].includes(typeof part));
    if (bad)
      throw refuse(`${name}.${where} is neither a value nor a list of values`, "Write text, a number, or a list.");
    return parts.map((part) => substitute(String(part), env)).join(",");
  };
  const variables = Object.entries(step)
    .filter(([key, value]) => !OF_STEP.has(key) && value !== null && value !== undefined)
    .map(([key, value]): [string, string] => [`PLUGIN_${key.toUpperCase()}`, settled(value, key)]);
  const environment = environmentOf(step["environment"]).map(([key, value]): [string, string] => [
    key,
    settled(value, `environment.${key}`),
  ]);
  const secrets = Object.entries(isFields(step["secretFrom"]) ? step["secretFrom"] : {}).map(([variable, from]) => {
    const { name: secret, keyRef: key } = isFields(from) ? from : {};
    if (typeof secret !== "string" || typeof key !== "string") {
      throw refuse(`${name}.secretFrom.${variable} names no key of a Secret`, FORM);
    }
    return { variable, name: substitute(secret, env), key: substitute(key, env) };
  });
  const unused = ["secrets", "when", "commands", "volumes"].filter((key) => step[key] !== undefined);
  return {
    variables: Object.fromEntries([...environment, ...variables]),
    secrets,
    notices: unused.length === 0 ? [] : [`not used of the step ${name}: ${unused.join(", ")}`],
  };
}

function stepsOf(file: string, text: string): Fields {
  let read: unknown;
  try {
    read = text.trim() === "" ? undefined : load(text);
  } catch (error) {
    throw new InvalidInput(`${file} is not YAML: ${(error as Error).message.split("\n", 1)[0]}`, {
      suggestions: ["Correct it there."],
      cause: error,
    });
  }
  const steps = isFields(read) ? read["pipeline"] : undefined;
  if (isFields(steps)) return steps;
  throw new InvalidInput(`${file} has no steps under "pipeline"`, {
    suggestions: ["Name a pipeline.yaml with a key `pipeline`, and a step below it."],
  });
}

/** `KEY: VALUE`, or a list of `KEY=VALUE`. */
function environmentOf(value: unknown): [string, unknown][] {
  if (isFields(value)) return Object.entries(value);
  if (!Array.isArray(value)) return [];
  return value.map(String).map((entry): [string, string] => {
    const at = entry.indexOf("=");
    return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
  });
}

/** `${DRONE_…}` and `${CI_…}`, which Drone puts in before the step is run; all else stays as it is written. */
function substitute(text: string, env: Environment): string {
  return text.replaceAll(/\$\{((?:DRONE|CI)_\w+)\}/g, (_, name: string) => env[name] ?? "");
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
