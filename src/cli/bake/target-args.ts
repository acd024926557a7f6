/** Translates a target of a bake file to args of `slipway build`. */
import { workingDirectory } from "../../lib/files/working-directory.ts";
import { isAbsolute, join } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { isBelow, realPath } from "../../lib/files/real-path.ts";
import { entriesOf, flagOf, mapOf, resourcesOf, textOf, textsOf } from "../../plan/bake/definition.ts";
import type { Target } from "../../plan/bake/definition.ts";
import type { Entry } from "../../plan/bake/entries.ts";
import { fieldOf } from "../../plan/bake/fields.ts";
import type { FieldName } from "../../plan/bake/fields.ts";
import { isElsewhere } from "../../plan/bake/privileges.ts";
import { WORKING_DIRECTORY, isRemote } from "../../plan/bake/resolve.ts";
import type { Resolved } from "../../plan/bake/resolve.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

interface Origin extends Pick<Resolved, "remote" | "remoteContexts"> {
  /** Compose has made the definition from its services. */
  readonly fromCompose?: boolean;
}

const LOCAL: Origin = { remoteContexts: new Map() };

export interface TargetArgs {
  /** Flags with their values, then `--` and the context. */
  readonly args: readonly string[];
  readonly context: string;
  /** The text of the Dockerfile, which `build` reads from standard input. */
  readonly inline?: string;
  /** The target has an output to the local engine, or none outside the builder. It is not among the args: there may be no engine. */
  readonly wantsEngine: boolean;
}

/** Fields that are lists or maps, each with the flag of `build` that takes their values. */
const FLAGS: readonly (readonly [FieldName, string])[] = [
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
 * An inline Dockerfile is read from standard input.
 * @param isLinked only another target needs it, and pulls its image from the registry
 * @param origin where the definition comes from
 */
export function targetArgs(target: Target, isLinked = false, origin: Origin = LOCAL): TargetArgs {
  const single = (flag: string, value: string | undefined): string[] =>
    value === undefined || value === "" ? [] : [`--${flag}=${value}`];
  const outputs = isLinked ? [] : entriesOf(target, "output");
  const kept = outputs.filter((output) => !isEngine(output) && !isLeftToBuilder(output, target, origin));
  const inline = textOf(target, "dockerfile-inline");
  const call = textOf(target, "call");
  const context = contextOf(target, origin);
  return {
    context,
    ...omitUndefined({ inline }),
    args: [
      ...single("file", inline === undefined ? dockerfileOf(target, context, origin) : "-"),
      ...[...mapOf(target, "contexts")].flatMap(([name, own]) =>
        own === null ? [] : [`--build-context=${name}=${namedContext(own, origin)}`],
      ),
      ...FLAGS.flatMap(([name, flag]) => valuesOf(target, name).map((value) => `--${flag}=${value}`)),
      ...kept.map((output) => `--output=${outputText(output)}`),
      ...[...resourcesOf(target)].map(([key, value]) => `--${key}=${value}`),
      ...single("target", textOf(target, "target")),
      ...single("network", textOf(target, "network")),
      ...single("shm-size", textOf(target, "shm-size")),
      // Compose's name for the check.
      ...single("call", call?.replace(/^lint(?=,|$)/, "check")),
      ...(flagOf(target, "pull") === true ? ["--pull"] : []),
      ...(flagOf(target, "no-cache") === true ? ["--no-cache"] : []),
      "--",
      context,
    ],
    wantsEngine: kept.length < outputs.length,
  };
}

/** `type=docker` without a file as its destination. */
function isEngine({ pairs }: Entry): boolean {
  return pairs.get("type") === "docker" && (pairs.get("dest") ?? "") === "";
}

/** For a service with several platforms compose leaves the image with the builder (v5 pkg/compose/build_bake.go), but a pod keeps none. */
function isLeftToBuilder({ pairs }: Entry, target: Target, { fromCompose = false }: Origin): boolean {
  const isUnpushed = pairs.get("type") === "image" && pairs.get("push") === "false" && pairs.size === 2;
  return fromCompose && isUnpushed && textsOf(target, "platforms").length > 1;
}

/** The short form for an image that is only pushed. */
function outputText(output: Entry): string {
  const { pairs } = output;
  const isPushed = pairs.get("type") === "image" && pairs.get("push") === "true" && pairs.size === 2;
  return isPushed ? "type=registry" : (fieldOf("output").entries?.toText(output) ?? "");
}

function contextOf(target: Target, { remote, remoteContexts }: Origin): string {
  const path = remoteContexts.get(target.name);
  return remote === undefined || path === undefined ? (textOf(target, "context") ?? ".") : insideOf(remote.root, path);
}

function namedContext(context: string, { remote }: Origin): string {
  if (context.startsWith(WORKING_DIRECTORY)) return context.slice(WORKING_DIRECTORY.length) || ".";
  return remote === undefined || isElsewhere(context) ? context : insideOf(remote.root, context);
}

/** @throws InvalidInput for a path that leads out of the directory */
function insideOf(root: string, path: string): string {
  const base = realPath(root);
  const found = realPath(join(base, path));
  if (isBelow(found, base)) return found;
  throw new InvalidInput(`the context ${path} is not inside the repository of the bake file`, { docker: "refuses" });
}

/**
 * Bake's path is relative to the context, the one of `build` to the working directory. In a context that is fetched both are paths inside it.
 */
function dockerfileOf(target: Target, context: string, { remoteContexts }: Origin): string | undefined {
  const dockerfile = textOf(target, "dockerfile");
  if (dockerfile?.startsWith(WORKING_DIRECTORY) === true) {
    return join(workingDirectory(), dockerfile.slice(WORKING_DIRECTORY.length));
  }
  if (dockerfile === undefined || dockerfile === "Dockerfile") return undefined;
  const isFetched = isRemote(context) || remoteContexts.has(target.name);
  return isAbsolute(dockerfile) || isRemote(dockerfile) || isFetched ? dockerfile : join(context, dockerfile);
}
