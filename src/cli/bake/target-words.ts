/** A target as the args of `slipway build`: what it may say is what that may say. */
import { isAbsolute, join } from "node:path";
import { entriesOf, flagOf, mapOf, resourcesOf, textOf, textsOf } from "../../plan/bake/definition.ts";
import type { Target } from "../../plan/bake/definition.ts";
import type { Entry } from "../../plan/bake/entries.ts";
import { fieldOf } from "../../plan/bake/fields.ts";
import type { FieldName } from "../../plan/bake/fields.ts";
import { isRemote } from "../../plan/bake/resolve.ts";

export interface TargetWords {
  readonly words: readonly string[];
  readonly context: string;
  /** The Dockerfile itself, which is read from standard input. */
  readonly inline?: string;
  /** An output into a local engine was asked for, which there is not. */
  readonly wantsEngine: boolean;
}

/** Fields that are lists or maps, and the flag of `build` that each of their values is one of. */
const FLAGS: readonly (readonly [FieldName, string])[] = [
  ["contexts", "build-context"],
  ["args", "build-arg"],
  ["labels", "label"],
  ["extra-hosts", "add-host"],
  ["tags", "tag"],
  ["cache-from", "cache-from"],
  ["cache-to", "cache-to"],
  ["secret", "secret"],
  ["ssh", "ssh"],
  ["platforms", "platform"],
  ["no-cache-filter", "no-cache-filter"],
  ["ulimits", "ulimit"],
  ["entitlements", "allow"],
  ["attest", "attest"],
  ["annotations", "annotation"],
  ["policy", "policy"],
];

function valuesOf(target: Target, name: FieldName): readonly string[] {
  const field = fieldOf(name);
  if (field.form === "map")
    return [...mapOf(target, name)].flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]));
  if (field.form === "texts") return textsOf(target, name);
  return entriesOf(target, name).map((entry) => field.entries?.toText(entry) ?? "");
}

/**
 * Its Dockerfile is read from standard input where the target has it inline.
 * @param isLinked it is built for another target only, which takes its image from the registry
 */
export function targetWords(target: Target, isLinked = false): TargetWords {
  const single = (flag: string, value: string | undefined): string[] =>
    value === undefined || value === "" ? [] : [`--${flag}=${value}`];
  const outputs = isLinked ? [] : entriesOf(target, "output");
  const kept = outputs.filter((output) => !isEngine(output));
  const inline = textOf(target, "dockerfile-inline");
  const call = textOf(target, "call");
  return {
    context: textOf(target, "context") ?? ".",
    ...(inline === undefined ? {} : { inline }),
    words: [
      ...single("file", inline === undefined ? dockerfileOf(target) : "-"),
      ...FLAGS.flatMap(([name, flag]) => valuesOf(target, name).map((value) => `--${flag}=${value}`)),
      ...kept.map((output) => `--output=${outputText(output)}`),
      ...[...resourcesOf(target)].map(([key, value]) => `--${key}=${value}`),
      ...single("target", textOf(target, "target")),
      ...single("network", textOf(target, "network")),
      ...single("shm-size", textOf(target, "shm-size")),
      // Compose's name of the check.
      ...single("call", call?.replace(/^lint(?=,|$)/, "check")),
      ...(flagOf(target, "pull") === true ? ["--pull"] : []),
      ...(flagOf(target, "no-cache") === true ? ["--no-cache"] : []),
      "--",
      textOf(target, "context") ?? ".",
    ],
    wantsEngine: kept.length < outputs.length,
  };
}

/** `type=docker` without a file to go to. */
function isEngine({ pairs }: Entry): boolean {
  return pairs.get("type") === "docker" && (pairs.get("dest") ?? "") === "";
}

/** An image that is pushed and nothing else is the shortest of outputs. */
function outputText(output: Entry): string {
  const { pairs } = output;
  const isPushed = pairs.get("type") === "image" && pairs.get("push") === "true" && pairs.size === 2;
  return isPushed ? "type=registry" : (fieldOf("output").entries?.toText(output) ?? "");
}

/** Bake's path is relative to the context, that of `build` to the working directory; of what is fetched both mean the inside. */
function dockerfileOf(target: Target): string | undefined {
  const dockerfile = textOf(target, "dockerfile");
  const context = textOf(target, "context") ?? ".";
  if (dockerfile?.startsWith("cwd://") === true) return join(process.cwd(), dockerfile.slice("cwd://".length));
  if (dockerfile === undefined || isAbsolute(dockerfile) || dockerfile === "Dockerfile") {
    return dockerfile === "Dockerfile" ? undefined : dockerfile;
  }
  return isRemote(context) ? dockerfile : join(context, dockerfile);
}
