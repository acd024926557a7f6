/** `--set TARGET.KEY=VALUE` and `--set TARGET.KEY+=VALUE`. Source: buildx v0.38.2, docs/reference/buildx_bake.md. */
import { InvalidInput } from "../../errors.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";
import { HclError } from "../../lib/hcl/source.ts";
import { fieldOf, resourceOf } from "./fields.ts";
import type { FieldName, FieldValue } from "./fields.ts";
import { entriesOf, mapOf, resourcesOf, textsOf, withFields } from "./definition.ts";
import type { Definition, Target } from "./definition.ts";
import type { Entry } from "./entries.ts";
import type { Lookup } from "./given-values.ts";
import { matchesPattern } from "./path-match.ts";

/** The overrides of one key of one target. */
interface Override {
  readonly key: string;
  readonly subkey: string | undefined;
  readonly values: readonly string[];
  /** The values are appended to those of the file. */
  readonly adds: boolean;
  /** An empty value came first: the values of the file are dropped. */
  readonly clears: boolean;
}

export type Overrides = ReadonlyMap<string, readonly Override[]>;

/** Keys may be the field's name or its singular. */
const ALIASES: Readonly<Record<string, string>> = {
  annotation: "annotations",
  arg: "args",
  entitlement: "entitlements",
  "extra-host": "extra-hosts",
  label: "labels",
  platform: "platforms",
  resource: "resources",
  tag: "tags",
  ulimit: "ulimits",
  secrets: "secret",
};

const NEEDS_NAME = new Set(["args", "labels", "contexts", "extra-hosts", "resources"]);
/** Only for `--set`. */
const SWITCHES = new Set(["push", "load"]);
const NEVER_SET = new Set(["inherits", "description", "dockerfile-inline"]);
/** Fields whose values are always appended, also without `+=`. */
const ALWAYS_ADDED = new Set(["annotations", "attest", "entitlements"]);

const FORMAT = "Write TARGET.KEY=VALUE, like --set app.tags=registry.example.com/app or --set '*.args.VERSION=1'.";

/**
 * @param lookup the environment, for `--set TARGET.args.NAME` without a value
 * @throws InvalidInput
 */
export function parseOverrides(given: readonly string[], definition: Definition, lookup: Lookup): Overrides {
  const overrides = new Map<string, Override[]>();
  for (const own of given) {
    const at = own.indexOf("=");
    const left = at === -1 ? own : own.slice(0, at);
    const isAdded = left.endsWith("+");
    const [pattern = "", rawKey, ...subkeys] = (isAdded ? left.slice(0, -1) : left).split(".");
    if (rawKey === undefined)
      throw new InvalidInput(`--set ${own} names no key of a target`, { docker: "refuses", suggestions: [FORMAT] });
    const key = ALIASES[rawKey] ?? rawKey;
    const subkey = subkeys.length === 0 ? undefined : subkeys.join(".");
    mustBeRight(own, rawKey, key, subkey, isAdded);
    const value = at === -1 ? undefined : own.slice(at + 1);
    if (value === undefined && key !== "args") {
      throw new InvalidInput(`--set ${own} has no value`, { docker: "refuses", suggestions: [FORMAT] });
    }
    const found = value ?? lookup(subkey ?? "");
    for (const name of namesMatching(pattern, definition)) {
      if (found === undefined) continue;
      const all = overrides.get(name) ?? [];
      overrides.set(name, added(all, { key, subkey, value: found, isAdded }));
    }
  }
  return overrides;
}

function mustBeRight(own: string, rawKey: string, key: string, subkey: string | undefined, isAdded: boolean): void {
  const wrong = (message: string): InvalidInput =>
    new InvalidInput(`--set ${own}: ${message}`, { docker: "refuses", suggestions: [FORMAT] });
  // As in buildx, an unknown key is an error only for targets that are built.
  if (!canBeSet(key)) return;
  if (NEEDS_NAME.has(key) && subkey === undefined) throw wrong(`${rawKey} needs a name: ${rawKey}.NAME=VALUE`);
  if (!NEEDS_NAME.has(key) && subkey !== undefined && (key !== "secret" || rawKey === "secrets")) {
    throw wrong(`${rawKey} has no names within it`);
  }
  if (isAdded && (key === "resources" || (key === "secret" && subkey !== undefined))) {
    throw wrong(`${rawKey} cannot be added to`);
  }
}

function canBeSet(key: string): boolean {
  return SWITCHES.has(key) || (isFieldName(key) && !NEVER_SET.has(key));
}

function isFieldName(key: string): key is FieldName {
  return (fieldOf as (name: string) => unknown)(key) !== undefined;
}

function added(
  all: readonly Override[],
  { key, subkey, value, isAdded }: { key: string; subkey: string | undefined; value: string; isAdded: boolean },
): Override[] {
  const before = all.find((own) => own.key === key && own.subkey === subkey);
  const others = all.filter((own) => own !== before);
  const isList = isFieldName(key) && ["texts", "entries"].includes(fieldOf(key).form) && subkey === undefined;
  if (!isList) return [...others, { key, subkey, values: [value], adds: false, clears: false }];
  const isCleared = !isAdded && value === "";
  const clears = isCleared || before?.clears === true;
  return [
    ...others,
    { key, subkey, values: isCleared ? [] : [...(before?.values ?? []), value], adds: isAdded && !clears, clears },
  ];
}

function namesMatching(pattern: string, { targets }: Definition): string[] {
  if (targets.some(({ name }) => name === pattern)) return [pattern];
  const names = targets.map(({ name }) => name).filter((name) => matchesPattern(pattern, name) === true);
  if (names.length === 0) {
    throw new InvalidInput(`no target matches ${pattern}`, {
      docker: "refuses",
      suggestions: [`The bake file has: ${targets.map(({ name }) => name).join(", ") || "none"}.`],
    });
  }
  return names;
}

/** Paths that the user grants by naming them in `--set`. */
export interface NamedPaths {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/**
 * @throws InvalidInput for a malformed value
 */
export function override(target: Target, overrides: readonly Override[]): Target {
  // `push` and `load` change the outputs, so they are applied last.
  const inOrder = [...overrides].sort(
    (left, right) => Number(SWITCHES.has(left.key)) - Number(SWITCHES.has(right.key)),
  );
  let changed = target;
  for (const own of inOrder) {
    if (!canBeSet(own.key)) {
      const message = `--set ${target.name}.${own.key}: a target has no ${own.key} that can be set`;
      throw new InvalidInput(message, { docker: "refuses", suggestions: [FORMAT] });
    }
    try {
      changed = withFields(changed, [overridden(changed, own)]);
    } catch (error) {
      if (!(error instanceof HclError)) throw error;
      const name = [target.name, own.key, ...(own.subkey === undefined ? [] : [own.subkey])].join(".");
      throw new InvalidInput(`--set ${name}=${own.values.join(",")}: ${error.message}`, { docker: "refuses" });
    }
  }
  return changed;
}

function overridden(target: Target, own: Override): readonly [FieldName, FieldValue] {
  const [value = ""] = own.values;
  if (own.key === "push") return ["output", pushed(entriesOf(target, "output"), flagIn(value))];
  if (own.key === "load") return ["output", loaded(entriesOf(target, "output"), flagIn(value))];
  const key = own.key as FieldName;
  const field = fieldOf(key);
  const { subkey = "" } = own;
  switch (field.form) {
    case "text":
      return [key, value];
    case "flag":
      return [key, flagIn(value)];
    case "map":
      return [key, new Map([...mapOf(target, key), [subkey, value]])];
    case "resources":
      return [key, new Map([...resourcesOf(target), [subkey, resourceOf(subkey, value)]])];
    case "texts": {
      const adds = own.adds || (ALWAYS_ADDED.has(key) && !own.clears);
      return [key, [...(adds ? textsOf(target, key) : []), ...own.values]];
    }
    case "entries":
      if (key === "secret" && own.subkey !== undefined) return [key, withSecret(target, own.subkey, value)];
      return [key, withEntries(target, key, own)];
  }
}

function withEntries(target: Target, key: FieldName, own: Override): readonly Entry[] {
  const kind = fieldOf(key).entries;
  const parsed = own.values.filter((value) => value !== "").flatMap((value) => kind?.parse(value) ?? []);
  const adds = own.adds || (ALWAYS_ADDED.has(key) && !own.clears);
  const all = [...(adds ? entriesOf(target, key) : []), ...parsed];
  return adds ? (kind?.unique(all) ?? all) : all;
}

/** Replaces the source of a secret of the file. */
function withSecret(target: Target, id: string, value: string): readonly Entry[] {
  const secrets = entriesOf(target, "secret");
  if (!secrets.some(({ pairs }) => (pairs.get("id") ?? "") === id)) {
    throw new HclError(`the target has no secret ${id} to override`);
  }
  const [parsed] = fieldOf("secret").entries?.parse(value) ?? [];
  const given = parsed?.pairs.get("id");
  if (given !== undefined && given !== id) throw new HclError(`the value names the secret ${given}`);
  return secrets.map((secret) =>
    (secret.pairs.get("id") ?? "") === id ? { pairs: new Map([["id", id], ...(parsed?.pairs ?? [])]) } : secret,
  );
}

function flagIn(value: string): boolean {
  const flag = parseBool(value);
  if (flag === undefined) throw new HclError(`${JSON.stringify(value)} is neither true nor false`);
  return flag;
}

function withPair({ pairs }: Entry, key: string, value: string): Entry {
  return { pairs: new Map([...new Map([...pairs, [key, value]])].sort(([left], [right]) => (left < right ? -1 : 1))) };
}

function pushed(outputs: readonly Entry[], push: boolean): readonly Entry[] {
  const typeOf = ({ pairs }: Entry): string => pairs.get("type") ?? "";
  if (!push) {
    const kept = [...outputs];
    for (let at = 0; at < kept.length;) {
      const own = kept[at];
      if (own !== undefined && typeOf(own) === "registry") {
        // The last one moves here, which gives buildx's order.
        const last = kept.pop();
        if (at < kept.length && last !== undefined) kept[at] = last;
        continue;
      }
      if (own !== undefined && typeOf(own) === "image") kept[at] = withPair(own, "push", "false");
      at += 1;
    }
    return kept;
  }
  const forced = outputs.map((own) => (typeOf(own) === "image" ? withPair(own, "push", "true") : own));
  if (outputs.some((own) => typeOf(own) !== "docker")) return forced;
  return [
    ...forced,
    {
      pairs: new Map([
        ["push", "true"],
        ["type", "image"],
      ]),
    },
  ];
}

function loaded(outputs: readonly Entry[], load: boolean): readonly Entry[] {
  if (!load) return outputs;
  for (const { pairs } of outputs) {
    const type = pairs.get("type") ?? "";
    if (type === "docker" ? (pairs.get("dest") ?? "") === "" : !["image", "registry", "oci"].includes(type))
      return outputs;
  }
  return [...outputs, { pairs: new Map([["type", "docker"]]) }];
}

/** Paths in the values of `--set`, which come from the user and so are allowed. With `+=` the other values of the field are not. */
export function pathsNamedBy(target: Target, overrides: readonly Override[]): NamedPaths {
  const given = (key: FieldName): readonly Entry[] =>
    overrides
      .filter((own) => own.key === key && own.subkey === undefined)
      .flatMap(({ values }) =>
        values.filter((value) => value !== "").flatMap((value) => fieldOf(key).entries?.parse(value) ?? []),
      );
  const paths = (entries: readonly Entry[], pair: string): string[] =>
    entries.map(({ pairs }) => pairs.get(pair) ?? "").filter((path) => path !== "");
  const isLocal = ({ pairs }: Entry): boolean => pairs.get("type") === "local";
  const secretIds = new Set([
    ...overrides.flatMap(({ key, subkey }) => (key === "secret" && subkey !== undefined ? [subkey] : [])),
    ...given("secret").map(({ pairs }) => pairs.get("id") ?? ""),
  ]);
  return {
    read: [
      ...paths(given("cache-from").filter(isLocal), "src"),
      ...paths(
        entriesOf(target, "secret").filter(({ pairs }) => secretIds.has(pairs.get("id") ?? "")),
        "src",
      ),
      ...given("ssh").flatMap(({ paths: own = [] }) => own),
    ],
    write: [...paths(given("cache-to").filter(isLocal), "dest"), ...paths(given("output"), "dest")],
  };
}

/** The entitlements in the values of `--set`. */
export function entitlementsNamedBy(overrides: readonly Override[]): readonly string[] {
  return overrides.filter(({ key }) => key === "entitlements").flatMap(({ values }) => values);
}
