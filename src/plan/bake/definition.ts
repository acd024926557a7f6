/** Targets and groups as all files together define them. */
import { compareTexts } from "../../lib/hcl/value.ts";
import { FIELD_NAMES, fieldOf, mergeField } from "./fields.ts";
import type { FieldName, FieldValue, Resources, TextMap } from "./fields.ts";
import type { Entry } from "./entries.ts";

/** A field that is not in it was not set. */
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
  /** Where the file gives one. */
  readonly type?: string;
  /** Absent for null. */
  readonly value?: string;
}

export interface Definition {
  readonly groups: readonly Group[];
  readonly targets: readonly Target[];
  readonly variables: readonly Variable[];
  /** Fields that targets have and bake does not know: it ignores them. */
  readonly unknownFields: readonly { readonly target: string; readonly field: string; readonly where: string }[];
}

/** The second one counts more. Its name is the first one's. */
export function mergeTargets(first: Target, second: Target): Target {
  const fields = new Map(first.fields);
  for (const [name, value] of second.fields) fields.set(name, mergeField(fieldOf(name), fields.get(name), value));
  return { name: first.name, fields };
}

/** In the order that `--print` shows them. */
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

/** With the fields of the second one in the stead of its own. */
export function withFields(target: Target, fields: Iterable<readonly [FieldName, FieldValue]>): Target {
  return { name: target.name, fields: new Map([...target.fields, ...fields]) };
}

export function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** Names in the order in which they are printed. */
export function inNameOrder(names: readonly string[]): readonly string[] {
  return [...names].sort(compareTexts);
}
