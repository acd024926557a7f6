/** Which targets are built, with the fields that they inherit and that `--set` changes. */
import { posix } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { HclError, lineOf } from "../../lib/hcl/source.ts";
import type { Range } from "../../lib/hcl/source.ts";
import { compareTexts } from "../../lib/hcl/value.ts";
import { BudgetSpent, spend } from "../../lib/limits/budget.ts";
import { variableOfLimit } from "../../lib/limits/limits.ts";
import { entriesOf, mapOf, mergeTargets, textOf, textsOf, unique, withFields } from "./definition.ts";
import type { Definition, Group, Target } from "./definition.ts";
import type { Entry } from "./entries.ts";
import { fieldOf } from "./fields.ts";
import type { FieldName, FieldValue } from "./fields.ts";
import { override } from "./overrides.ts";
import type { Overrides } from "./overrides.ts";
import { isPattern, matchesPattern } from "./path-match.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export interface Resolved {
  /** By name, in the order of the names. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly groups: ReadonlyMap<string, Group>;
  /** Names of the targets that only another target needs. */
  readonly linked: ReadonlySet<string>;
  /** Where the definition comes from, if it came with a directory that is not on this machine. */
  readonly remote?: RemoteOrigin;
  /** By target: its context, as a path in the directory of `remote`. Absent: the context is a local path or a URL. */
  readonly remoteContexts: ReadonlyMap<string, string>;
}

/** A repository or an archive with a bake definition. Relative contexts of its targets are paths in it. */
export interface RemoteOrigin {
  /** URL of the repository. Undefined for an archive. */
  readonly url?: string;
  /** Its directory on this disk. */
  readonly root: string;
}

const ON_TARGET = "target:";
/** Prefix of a path on this machine, also in a remote definition. */
export const WORKING_DIRECTORY = "cwd://";

/**
 * @param names targets, groups or patterns; empty: `default`
 * @throws InvalidInput for unknown names, and for targets that need each other
 */
export function resolve(
  definition: Definition,
  names: readonly string[],
  overrides: Overrides,
  remote?: RemoteOrigin,
): Resolved {
  const wanted = unique(
    (names.length === 0 ? ["default"] : names).flatMap((name) => namesFor(definition, name.replaceAll(".", "_"))),
  );
  const targets = new Map<string, Target>();
  const groups = new Map<string, Group>();
  for (const name of wanted) {
    const members = membersOf(definition, name, new Map());
    for (const target of unique(members.targets)) {
      if (!targets.has(target)) targets.set(target, resolveTarget(definition, target, overrides));
    }
    for (const own of members.groups) {
      const group = groupNamed(definition, own);
      if (group !== undefined && !groups.has(own)) groups.set(own, group);
    }
  }
  const linked = new Set<string>();
  const asked = [...targets.keys()];
  for (const name of asked) link(definition, name, targets, overrides, [], linked);
  const remoteContexts = new Map<string, string>();
  for (const [name, target] of targets) {
    const given = textOf(target, "context") ?? ".";
    const { context, inRemote } = contextOf(given, remote);
    targets.set(name, withFields(target, [["context", context]]));
    if (inRemote !== undefined) remoteContexts.set(name, inRemote);
  }
  return {
    targets: inOrder(targets),
    groups: inOrder(withDefault(groups, wanted)),
    linked,
    ...omitUndefined({ remote }),
    remoteContexts,
  };
}

function inOrder<T>(byName: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...byName].sort(([left], [right]) => compareTexts(left, right)));
}

/** The group `default` is made of the names on the command line. */
function withDefault(groups: ReadonlyMap<string, Group>, wanted: readonly string[]): ReadonlyMap<string, Group> {
  let own = groups.get("default");
  for (const name of wanted) {
    if (own !== undefined && name === "default") continue;
    own = { ...(own ?? { name: "default" }), targets: [...(own?.targets ?? []), name] };
  }
  if (own === undefined) return groups;
  return new Map([...groups, ["default", { ...own, targets: unique(own.targets).sort(compareTexts) }]]);
}

function namesFor({ groups, targets }: Definition, pattern: string): string[] {
  if (!isPattern(pattern)) return [pattern];
  const names = [...groups, ...targets]
    .map(({ name }) => name)
    .filter((name) => matchesPattern(pattern, name) === true);
  if (names.length === 0)
    throw new InvalidInput(`no target matches ${pattern}`, {
      docker: "refuses",
      suggestions: [listOf({ groups, targets })],
    });
  return names;
}

function listOf({ groups, targets }: Pick<Definition, "groups" | "targets">): string {
  return `The bake file has: ${unique([...groups, ...targets].map(({ name }) => name)).join(", ") || "none"}.`;
}

function groupNamed({ groups }: Definition, name: string): Group | undefined {
  return groups.find((group) => group.name === name);
}

interface Members {
  readonly targets: readonly string[];
  readonly groups: readonly string[];
}

/** A group may have the name of one of its targets. */
function membersOf(definition: Definition, name: string, visited: Map<string, Members>): Members {
  const known = visited.get(name);
  if (known !== undefined) return known;
  const group = groupNamed(definition, name);
  if (group === undefined) return { targets: [name], groups: [] };
  visited.set(name, { targets: [], groups: [] });
  const targets: string[] = [];
  const groups = [name];
  for (const member of group.targets) {
    const own = membersOf(definition, member, visited);
    targets.push(...(own.targets.length === 0 ? [member] : own.targets));
    groups.push(...own.groups);
  }
  spend(targets.length + groups.length);
  const members = { targets: unique(targets), groups: unique(groups) };
  visited.set(name, members);
  return members;
}

/**
 * @throws InvalidInput if the target does not exist
 */
export function resolveTarget(definition: Definition, name: string, overrides: Overrides): Target {
  const own = inherited(definition, name, overrides, new Map());
  if (own === undefined) throw new InvalidInput(`the target ${name} inherits from itself`, { docker: "refuses" });
  const fields = new Map(own.fields);
  fields.delete("inherits");
  if (textOf(own, "context") === "-") {
    throw new InvalidInput(`the target ${name} has its context on standard input, which bake cannot read`, {
      docker: "refuses",
    });
  }
  if ((textOf(own, "dockerfile") ?? "") === "") fields.set("dockerfile", "Dockerfile");
  return withStdout({ name, fields });
}

/** A local path is brought to its shortest form. A path in a remote definition becomes a URL. Other URLs stay as they are. */
function contextOf(context: string, remote: RemoteOrigin | undefined): { context: string; inRemote?: string } {
  if (context.startsWith(WORKING_DIRECTORY)) return { context: clean(context.slice(WORKING_DIRECTORY.length)) };
  if (isRemote(context)) return { context };
  const path = clean(context);
  if (remote === undefined) return { context: path };
  return { context: remote.url === undefined ? "" : withSubdirectory(remote.url, path), inRemote: path };
}

/** The URL of a repository with a further subdirectory, in the form that the URL has. */
function withSubdirectory(url: string, path: string): string {
  if (path === ".") return url;
  const [base = "", fragment = ""] = url.split("#", 2);
  const [ref = "", outer = ""] = fragment.split(":", 2);
  const query = base.includes("?") ? new URLSearchParams(base.slice(base.indexOf("?") + 1)) : undefined;
  const queried = query?.get("subdir") ?? undefined;
  if (query !== undefined && queried !== undefined && !url.includes("#")) {
    query.set("subdir", clean(posix.join(queried, path)));
    return `${base.slice(0, base.indexOf("?"))}?${query.toString()}`;
  }
  return `${base}#${ref}:${clean(posix.join(outer, path))}`;
}

export function clean(path: string): string {
  const normal = posix.normalize(path || ".");
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/** A URL that docker fetches: over http, or with git. */
export function isRemote(context: string): boolean {
  return /^https?:\/\//.test(context) || /^(?:git|ssh):\/\/|^git@|^github\.com\/|^[\w.-]+@[\w.-]+:/.test(context);
}

/** An archive without a destination goes to standard output. */
function withStdout(target: Target): Target {
  const outputs = entriesOf(target, "output");
  const goesToStdout = ({ pairs }: Entry): boolean => {
    const type = pairs.get("type");
    const isFile = type === "tar" || (type === "oci" && !/^(?:0|f|F|false|False|FALSE)$/.test(pairs.get("tar") ?? ""));
    return isFile && (pairs.get("dest") ?? "") === "";
  };
  if (!outputs.some(goesToStdout)) return target;
  const changed = outputs.map((own) =>
    goesToStdout(own)
      ? { pairs: new Map([...own.pairs, ["dest", "-"] as const].sort(([a], [b]) => (a < b ? -1 : 1))) }
      : own,
  );
  return withFields(target, [["output", changed]]);
}

function inherited(
  definition: Definition,
  name: string,
  overrides: Overrides,
  visited: Map<string, Target | undefined>,
): Target | undefined {
  if (visited.has(name)) return visited.get(name);
  visited.set(name, undefined);
  const target = definition.targets.find((other) => other.name === name);
  if (target === undefined) {
    throw new InvalidInput(`failed to find target ${name}`, { docker: "refuses", suggestions: [listOf(definition)] });
  }
  let merged: Target = { name, fields: new Map() };
  for (const parent of textsOf(target, "inherits")) {
    const own = inherited(definition, parent, overrides, visited);
    if (own !== undefined) merged = mergeTargets(merged, own);
  }
  merged = mergeTargets(merged, target);
  const changed = normalized(override(merged, overrides.get(name) ?? []));
  // Its parents have been merged: their names would be once more in what inherits from it, and double with each generation.
  const fields = new Map(changed.fields);
  fields.delete("inherits");
  visited.set(name, { ...changed, fields });
  return changed;
}

/** The target without duplicates and empty values. */
function normalized(target: Target): Target {
  const fields = new Map<FieldName, FieldValue>();
  for (const [name, value] of target.fields) {
    const field = fieldOf(name);
    if (field.form === "texts" && name !== "inherits") {
      fields.set(
        name,
        unique(value as readonly string[]).filter((own) => own !== ""),
      );
    } else if (field.form === "entries" && name !== "policy") {
      // An empty list does not replace the list of an inherited target.
      const entries = field.entries?.unique(value as readonly Entry[]) ?? [];
      if (entries.length > 0) fields.set(name, entries);
    } else fields.set(name, value);
  }
  const contexts = [...mapOf(target, "contexts")].filter(([, value]) => value !== "");
  if (contexts.length > 0) fields.set("contexts", new Map(contexts));
  else fields.delete("contexts");
  if (textOf(target, "network") === "host") {
    const entitlements = (fields.get("entitlements") as readonly string[] | undefined) ?? [];
    fields.set("entitlements", unique([...entitlements, "network.host"]));
  }
  return { name: target.name, fields };
}

/** Adds the targets that one needs. */
function link(
  definition: Definition,
  name: string,
  targets: Map<string, Target>,
  overrides: Overrides,
  path: readonly string[],
  linked: Set<string>,
): void {
  const target = targets.get(name);
  if (target === undefined) return;
  // Two targets may need the same one: without a limit, every way to it is followed.
  spend(10 + path.length);
  for (const context of mapOf(target, "contexts").values()) {
    if (context?.startsWith(ON_TARGET) !== true) continue;
    const other = context.slice(ON_TARGET.length);
    if (other === name || path.includes(other)) {
      throw new InvalidInput(`the targets ${[...path, name, other].join(" → ")} need each other`, {
        docker: "refuses",
      });
    }
    if (!targets.has(other)) {
      const own = resolveTarget(definition, other, overrides);
      targets.set(other, withFields(own, [["output", [{ pairs: new Map([["type", "cacheonly"]]) }]]]));
      linked.add(other);
    }
    link(definition, other, targets, overrides, [...path, name], linked);
    const needed = targets.get(other);
    if (needed !== undefined) inheritFrom(name, other, needed, targets);
  }
}

function inheritFrom(name: string, other: string, needed: Target, targets: Map<string, Target>): void {
  const target = targets.get(name);
  if (target === undefined) return;
  const entitlements = textsOf(needed, "entitlements");
  if (entitlements.length > 0) {
    targets.set(
      name,
      withFields(target, [["entitlements", unique([...textsOf(target, "entitlements"), ...entitlements])]]),
    );
  }
  const own = textsOf(target, "platforms");
  const theirs = textsOf(needed, "platforms");
  if (own.length > 1 && theirs.length > 1 && !own.every((platform) => theirs.includes(platform))) {
    throw new InvalidInput(
      `target ${name} uses the image of ${other}, which is not built for all its platforms: ${own.join(", ")}`,
      { docker: "refuses" },
    );
  }
}

const MAX_MESSAGE_LENGTH = 2000;

function shortened(text: string): string {
  return text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}…` : text;
}

/** Turns an error of a bake file into one of the user's input. */
export function asInputError(error: unknown): unknown {
  if (error instanceof BudgetSpent) {
    const where = error.range === undefined ? "the bake file" : lineOf(error.range as Range);
    return new InvalidInput(`${where}: ${error.message} to evaluate`, {
      suggestions: [`Raise the limit: ${variableOfLimit("BAKE_STEPS")}=${error.steps * 10}`],
    });
  }
  if (!(error instanceof HclError)) return error;
  const { where } = error;
  // It quotes values of the file.
  const short = shortened(error.message);
  return new InvalidInput(where === undefined ? short : `${where}: ${short}`, { docker: "refuses" });
}
