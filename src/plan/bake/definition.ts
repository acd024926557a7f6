/** The targets and groups that all files together define. */
import { spend } from "../../lib/limits/budget.ts";
import { compareTexts } from "../../lib/hcl/value.ts";
import { FIELD_NAMES, fieldOf, mergeField } from "./fields.ts";
import type { FieldName, FieldValue, Resources, TextMap } from "./fields.ts";
import type { Entry } from "./entries.ts";

/** Fields that are not set are absent. */
export interface Target {
  readonly name: string;
  readonly fields: ReadonlyMap<FieldName, FieldValue>;
}

export interface Group {
  readonly name: string;
  readonly description?: string;
  readonly targets: readonly string[];
}

export interface Variable {
  readonly name: string;
  readonly description?: string;
  /** Absent if the file gives none. */
  readonly type?: string;
  /** Absent for null. */
  readonly value?: string;
}

export interface Definition {
  readonly groups: readonly Group[];
  readonly targets: readonly Target[];
  readonly variables: readonly Variable[];
  /** Unknown fields of targets, which bake ignores. */
  readonly unknownFields: readonly { readonly target: string; readonly field: string; readonly where: string }[];
}

/** Merges two targets. The second one has precedence; the name is the first one's. */
export function mergeTargets(first: Target, second: Target): Target {
  const fields = new Map(first.fields);
  for (const [name, value] of second.fields) {
    const merged = mergeField(fieldOf(name), fields.get(name), value);
    spend(Array.isArray(merged) ? 1 + merged.length : 1);
    fields.set(name, merged);
  }
  return { name: first.name, fields };
}

/** In the order of `--print`. */
export function fieldsInOrder({ fields }: Target): [FieldName, FieldValue][] {
  return FIELD_NAMES.flatMap((name) => {
    const value = fields.get(name);
    return value === undefined ? [] : [[name, value]];
  });
}

export function textOf({ fields }: Target, name: FieldName): string | undefined {
  const value = fields.get(name);
  return typeof value === "string" ? value : undefined;
}

export function textsOf({ fields }: Target, name: FieldName): readonly string[] {
  return fieldOf(name).form === "texts" ? ((fields.get(name) as readonly string[] | undefined) ?? []) : [];
}

export function entriesOf({ fields }: Target, name: FieldName): readonly Entry[] {
  return fieldOf(name).form === "entries" ? ((fields.get(name) as readonly Entry[] | undefined) ?? []) : [];
}

export function mapOf({ fields }: Target, name: FieldName): TextMap {
  return (fieldOf(name).form === "map" ? (fields.get(name) as TextMap | undefined) : undefined) ?? new Map();
}

export function resourcesOf({ fields }: Target): Resources {
  return (fields.get("resources") as Resources | undefined) ?? new Map();
}

export function flagOf({ fields }: Target, name: FieldName): boolean | undefined {
  const value = fields.get(name);
  return typeof value === "boolean" ? value : undefined;
}

/** The target with these fields replaced. */
export function withFields(target: Target, fields: Iterable<readonly [FieldName, FieldValue]>): Target {
  return { name: target.name, fields: new Map([...target.fields, ...fields]) };
}

export function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** The names in the order of `--print`. */
export function inNameOrder(names: readonly string[]): readonly string[] {
  return [...names].sort(compareTexts);
}
