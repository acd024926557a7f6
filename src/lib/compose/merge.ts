/** Merges a later compose file, or a service that extends another, over an earlier one. Source: compose-spec, 13-merge.md. */
import { ComposeError } from "./fault.ts";
import { Tagged, isList, isMapping, scalarText } from "./tree.ts";
import type { Mapping, Tree } from "./tree.ts";

/** Lists of `KEY=VALUE` or mappings. Later values of a key replace earlier ones. */
const KEYED =
  /^services\.[^.]+\.(?:environment|annotations|labels|sysctls|build\.(?:args|labels|additional_contexts))$|^(?:secrets|volumes|networks)\.[^.]+\.labels$/;
/** Lists that may also be one text or mappings. */
const SEQUENCES =
  /^services\.[^.]+\.(?:build\.extra_hosts|dns|dns_opt|dns_search|env_file|label_file|extra_hosts|tmpfs)$/;
/** Replaced entirely. */
const WHOLE = /^services\.[^.]+\.(?:command|entrypoint|healthcheck\.test)$/;
/** Entries are texts or mappings. */
const NAMED = /^services\.[^.]+\.(?:depends_on|networks|models)$/;
const BUILD = /^services\.[^.]+\.build$/;
/** Lists in which an entry replaces an earlier one with the same key. */
const UNIQUE = /^services\.[^.]+\.(?:build\.(?:tags|platform)|profiles|cap_add|cap_drop|expose)$/;

/** @throws ComposeError if the two are of different kinds */
export function mergeTrees(base: Tree | undefined, over: Tree, path = ""): Tree {
  if (over instanceof Tagged) return over.tag === "override" ? stripTags(over.value) : null;
  if (base === undefined) return stripTags(over);
  if (KEYED.test(path)) return unique([...entriesOf(base), ...entriesOf(over)]);
  if (SEQUENCES.test(path)) return withoutCopies([...entriesOf(base), ...entriesOf(over)]);
  if (WHOLE.test(path)) return stripTags(over);
  if (BUILD.test(path)) return mergeMappings(asBuild(base), asBuild(over), path);
  if (NAMED.test(path)) return mergeMappings(asNames(base), asNames(over), path);
  if (over === null) return base;
  if (isMapping(base)) {
    if (!isMapping(over)) throw new ComposeError("a later file has another kind of value here", path);
    return mergeMappings(base, over, path);
  }
  if (isList(base)) {
    if (!isList(over)) throw new ComposeError("a later file has another kind of value here", path);
    const all = withoutCopies([...base, ...over]);
    return UNIQUE.test(path) ? unique(all) : all;
  }
  return stripTags(over);
}

function mergeMappings(base: Mapping, over: Mapping, path: string): Mapping {
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    if (value instanceof Tagged && value.tag === "reset") merged.delete(key);
    else merged.set(key, mergeTrees(merged.get(key), value, path === "" ? key : `${path}.${key}`));
  }
  return Object.fromEntries(merged);
}

/** Without an earlier value, the tags `!reset` and `!override` have no effect. */
export function stripTags(tree: Tree): Tree {
  if (tree instanceof Tagged) return tree.tag === "reset" ? null : stripTags(tree.value);
  if (isList(tree)) return tree.map(stripTags);
  if (!isMapping(tree)) return tree;
  const kept = Object.entries(tree).filter(([, value]) => !(value instanceof Tagged && value.tag === "reset"));
  return Object.fromEntries(kept.map(([key, value]) => [key, stripTags(value)]));
}

function asBuild(tree: Tree): Mapping {
  if (typeof tree === "string") return { context: tree };
  return isMapping(tree) ? tree : {};
}

function asNames(tree: Tree): Mapping {
  if (isMapping(tree)) return tree;
  if (typeof tree === "string") return { [tree]: null };
  return isList(tree) ? Object.fromEntries(tree.map((name) => [scalarText(name), null])) : {};
}

/** `KEY=VALUE`, from a list or a mapping. */
export function entriesOf(tree: Tree): readonly Tree[] {
  if (isList(tree)) return tree;
  if (typeof tree === "string") return [tree];
  if (!isMapping(tree)) return [];
  return Object.entries(tree)
    .flatMap(([key, value]) => {
      if (value === null) return [key];
      return isList(value) ? value.map((one) => `${key}=${scalarText(one)}`) : [`${key}=${scalarText(value)}`];
    })
    .sort((left, right) => (left < right ? -1 : 1));
}

function unique(entries: readonly Tree[]): readonly Tree[] {
  const byKey = new Map<string, Tree>();
  for (const entry of entries) byKey.set(scalarText(entry).split("=", 1)[0] ?? "", entry);
  return [...byKey.values()];
}

function withoutCopies(entries: readonly Tree[]): readonly Tree[] {
  const seen = new Set<string>();
  return entries.filter((entry) => {
    const key = JSON.stringify(entry);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
