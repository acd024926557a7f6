/**
 * Kubernetes' strategic merge patch, as in `kubectl patch`: merges maps field by field, removes fields that are null, and merges
 * lists by their merge key or replaces them. Supports `$patch: delete`, `$patch: replace` and `$retainKeys` (Kubernetes' API
 * conventions, "strategic merge patch"). Pure.
 */
import { InvalidInput } from "../../errors.ts";
import { mergeKeyOf } from "./merge-keys.ts";

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Applies a patch to a map of fields.
 * @param path of the field in the pod template, for the merge keys and for messages
 * @throws InvalidInput for a patch of another type than its target
 */
export function strategicMerge(target: Fields, patch: Fields, path = ""): Fields {
  const { $patch, $retainKeys, ...fields } = patch;
  if ($patch === "delete") return {};
  if ($patch !== undefined && $patch !== "replace" && $patch !== "merge") throw unknownDirective(path, "$patch");
  const directive = Object.keys(fields).find((key) => key.startsWith("$"));
  if (directive !== undefined) throw unknownDirective(path, directive);
  if ($patch === "replace") return fields;
  const merged: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(fields)) {
    const at = path === "" ? key : `${path}.${key}`;
    if (value === null) delete merged[key];
    else merged[key] = mergeValue(merged[key], value, at);
  }
  if ($retainKeys === undefined) return merged;
  if (!Array.isArray($retainKeys)) throw new InvalidInput(`${path}.$retainKeys of the pod template is not a list`);
  return Object.fromEntries(Object.entries(merged).filter(([key]) => $retainKeys.includes(key)));
}

function mergeValue(target: unknown, patch: unknown, path: string): unknown {
  const key = mergeKeyOf(path);
  if (key !== undefined) return mergeList(Array.isArray(target) ? target : [], listOf(patch, path), key, path);
  if (isFields(patch)) return strategicMerge(isFields(target) ? target : {}, patch, path);
  if (isFields(target)) throw new InvalidInput(`${path} of the pod template has to be a map of fields`);
  return patch;
}

function mergeList(target: readonly unknown[], patch: readonly Fields[], key: string, path: string): unknown[] {
  const replaced = patch.some((item) => item["$patch"] === "replace" && item[key] === undefined);
  const merged = replaced ? [] : target.filter(isFields);
  for (const item of patch) {
    if (item["$patch"] === "replace" && item[key] === undefined) continue;
    const name = item[key];
    if (name === undefined) {
      throw new InvalidInput(`an item of ${path} of the pod template has no ${key}, which is the key to merge it by`);
    }
    const at = merged.findIndex((known) => known[key] === name);
    if (item["$patch"] === "delete") {
      if (at !== -1) merged.splice(at, 1);
      continue;
    }
    const one = strategicMerge(merged[at] ?? {}, item, `${path}[]`);
    if (at === -1) merged.push(one);
    else merged[at] = one;
  }
  return merged;
}

function listOf(value: unknown, path: string): readonly Fields[] {
  if (Array.isArray(value) && value.every(isFields)) return value;
  throw new InvalidInput(`${path} of the pod template has to be a list of maps`);
}

function unknownDirective(path: string, directive: string): InvalidInput {
  return new InvalidInput(`${path === "" ? "" : `${path}.`}${directive} of the pod template is not supported`, {
    suggestions: ["Supported directives: $patch: delete, $patch: replace, $retainKeys."],
  });
}
