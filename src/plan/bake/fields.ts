/**
 * The fields of a target of a bake file: a row for each, with its type, how the field of two targets is merged, and how `--print` shows it.
 * Source: buildx v0.38.2, docs/bake-reference.md.
 */
import { convert } from "../../lib/hcl/convert.ts";
import { isInteger, toSafeInteger } from "../../lib/hcl/number.ts";
import { HclError } from "../../lib/hcl/source.ts";
import { ANY, BOOL, NUMBER, STRING, listOf, mapOf, objectOf } from "../../lib/hcl/type.ts";
import type { Type } from "../../lib/hcl/type.ts";
import {
  asNumber,
  asText,
  bool,
  compareTexts,
  entriesOf,
  isKnown,
  isNull,
  isTrue,
  itemsOf,
  integer,
  list,
  map,
  nullOf,
  object,
  text,
} from "../../lib/hcl/value.ts";
import type { Value } from "../../lib/hcl/value.ts";
import { ATTESTATION, CACHE, OUTPUT, POLICY, SECRET, SSH, entriesIn } from "./entries.ts";
import type { Entry, EntryKind, Json } from "./entries.ts";

export type TextMap = ReadonlyMap<string, string | null>;
export type Resources = ReadonlyMap<string, string | number>;

/** The value of a field, depending on its form. */
export type FieldValue = string | boolean | readonly string[] | TextMap | readonly Entry[] | Resources;

export interface Field {
  readonly form: "text" | "flag" | "texts" | "map" | "entries" | "resources";
  /** How it is merged with the same field of an inherited target or of an earlier file. */
  readonly merge: "replaced" | "added";
  readonly description: string;
  readonly entries?: EntryKind;
  /** Values of the map may be null, which means absent. */
  readonly allowsNull?: boolean;
  /** `--print` escapes templates in it, so that its output can be read again. */
  readonly escapes?: boolean;
}

const textField = (description: string, more: Partial<Field> = {}): Field => ({
  form: "text",
  merge: "replaced",
  description,
  ...more,
});
const textsField = (merge: Field["merge"], description: string, more: Partial<Field> = {}): Field => ({
  form: "texts",
  merge,
  description,
  ...more,
});
const mapField = (description: string, more: Partial<Field> = {}): Field => ({
  form: "map",
  merge: "added",
  description,
  ...more,
});
const entriesField = (entries: EntryKind, merge: Field["merge"], description: string): Field => ({
  form: "entries",
  merge,
  description,
  entries,
});

/** In the order of `--print`. */
export const FIELDS = {
  description: textField("a description for `--list`"),
  inherits: textsField("added", "targets whose fields it inherits; later ones have precedence"),
  annotations: textsField("added", "annotations of the image, `KEY=VALUE`", { escapes: true }),
  attest: entriesField(ATTESTATION, "added", "attestations: provenance, SBOM"),
  context: textField("the context: a directory or a URL (default: `.`)"),
  contexts: mapField("named contexts: a path, a URL, `docker-image://NAME` or `target:NAME`"),
  dockerfile: textField("path of the Dockerfile in the context (default: `Dockerfile`)"),
  "dockerfile-inline": textField("the text of a Dockerfile, in place of a file", { escapes: true }),
  args: mapField("build arguments", { allowsNull: true, escapes: true }),
  labels: mapField("labels of the image", { allowsNull: true, escapes: true }),
  tags: textsField("replaced", "names of the image"),
  "cache-from": entriesField(CACHE, "added", "caches to read"),
  "cache-to": entriesField(CACHE, "replaced", "caches to write"),
  target: textField("the stage of the Dockerfile to build"),
  secret: entriesField(SECRET, "added", "secrets for `RUN --mount=type=secret`"),
  ssh: entriesField(SSH, "added", "SSH keys for `RUN --mount=type=ssh`"),
  platforms: textsField("replaced", "platforms to build for"),
  output: entriesField(OUTPUT, "replaced", "outputs: where the result goes"),
  pull: { form: "flag", merge: "replaced", description: "always pull base images" },
  "no-cache": { form: "flag", merge: "replaced", description: "build without a cache" },
  network: textField("the network of RUN"),
  "no-cache-filter": textsField("added", "stages to build without a cache"),
  "shm-size": textField("size of /dev/shm in RUN"),
  ulimits: textsField("added", "limits of RUN, `NAME=SOFT[:HARD]`"),
  resources: { form: "resources", merge: "added", description: "memory and CPU of RUN" },
  call: textField("answer about the Dockerfile in place of a build: check, outline, targets"),
  entitlements: textsField("added", "privileges of the build: `network.host`, `security.insecure`"),
  "extra-hosts": mapField("names and addresses for /etc/hosts", { allowsNull: true, escapes: true }),
  policy: entriesField(POLICY, "added", "policies for sources, which slipway does not support"),
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as readonly FieldName[];

export function fieldOf(name: FieldName): Field {
  return FIELDS[name];
}

const RESOURCE_NUMBERS = ["cpu-shares", "cpu-period", "cpu-quota"];
/** In the order of `--print`. */
export const RESOURCE_KEYS = ["memory", "memory-swap", ...RESOURCE_NUMBERS, "cpuset-cpus", "cpuset-mems"];

const RESOURCES_TYPE = objectOf(
  RESOURCE_KEYS.map((key) => [key, RESOURCE_NUMBERS.includes(key) ? NUMBER : STRING] as const),
  RESOURCE_KEYS,
);

/** @throws HclError for an unknown key or a malformed number */
export function resourceOf(key: string, value: string): string | number {
  if (!RESOURCE_KEYS.includes(key))
    throw new HclError(`unknown resource ${key}: the known ones are ${RESOURCE_KEYS.join(", ")}`);
  if (!RESOURCE_NUMBERS.includes(key)) return value;
  if (!/^[+-]?\d+$/.test(value)) throw new HclError(`the resource ${key} must be a whole number, not ${value}`);
  return Number(value);
}

/** The field's type, for expressions that refer to it. */
export function typeOfField({ form, entries }: Field): Type {
  switch (form) {
    case "text":
      return STRING;
    case "flag":
      return BOOL;
    case "texts":
      return listOf(STRING);
    case "map":
      return mapOf(STRING);
    case "resources":
      return RESOURCES_TYPE;
    case "entries":
      return listOf(entries?.type ?? ANY);
  }
}

/**
 * The field's value in a file; undefined for null, which does not set the field.
 * @throws HclError for a value of another type, and for null where the field has entries or resources, as in buildx
 */
export function decodeField(field: Field, value: Value): FieldValue | undefined {
  if (field.form === "entries" || field.form === "resources") notNull(value);
  if (field.form === "entries") {
    return field.entries === undefined ? [] : entriesIn(field.entries, value);
  }
  const converted = convert(value, typeOfField(field));
  if (!isKnown(converted)) throw new HclError("the value is not known");
  if (isNull(converted)) return undefined;
  switch (field.form) {
    case "text":
      return asText(converted);
    case "flag":
      return isTrue(converted);
    case "texts":
      return itemsOf(converted).map(notNull).map(asText);
    case "map":
      return new Map(
        [...entriesOf(converted)].map(([key, item]) => [
          key,
          field.allowsNull === true && isNull(item) ? null : asText(notNull(item)),
        ]),
      );
    case "resources":
      return resourcesIn(converted);
  }
}

function notNull(value: Value): Value {
  if (isNull(value)) throw new HclError("null is not allowed here");
  return value;
}

function resourcesIn(value: Value): Resources {
  const given = [...entriesOf(value)].filter(([, item]) => isKnown(item) && !isNull(item));
  return new Map(
    given.map(([key, item]): [string, string | number] => {
      if (item.type.kind === "string") return [key, asText(item)];
      const whole = isInteger(asNumber(item)) ? toSafeInteger(asNumber(item)) : undefined;
      if (whole === undefined) throw new HclError(`${key} must be a whole number`);
      return [key, whole];
    }),
  );
}

/** The field as a value, for expressions that refer to the target. */
export function encodeField(field: Field, value: FieldValue | undefined): Value {
  const type = typeOfField(field);
  if (value === undefined) {
    return field.form === "entries" ? list([], field.entries?.type ?? ANY) : nullOf(type);
  }
  if (typeof value === "string") return text(value);
  if (typeof value === "boolean") return bool(value);
  if (field.form === "entries") {
    const { entries } = field;
    if (entries === undefined) return nullOf(type);
    return list((value as readonly Entry[]).map(entries.toValue), entries.type);
  }
  if (field.form === "texts") return list((value as readonly string[]).map(text), STRING);
  if (field.form === "map") {
    return map(
      [...(value as TextMap)].map(([key, item]) => [key, item === null ? nullOf(STRING) : text(item)] as const),
      STRING,
    );
  }
  return encodeResources(value as Resources);
}

function encodeResources(resources: Resources): Value {
  return object(
    RESOURCE_KEYS.map((key) => {
      const own = resources.get(key);
      if (typeof own === "number") return [key, integer(own)] as const;
      return [key, own === undefined ? nullOf(RESOURCE_NUMBERS.includes(key) ? NUMBER : STRING) : text(own)] as const;
    }),
  );
}

/** The field of two merged targets. The second one has precedence. */
export function mergeField(field: Field, first: FieldValue | undefined, second: FieldValue): FieldValue {
  if (field.form === "map") {
    const given = [...(second as TextMap)].filter(([, value]) => value !== null);
    return new Map([...((first as TextMap | undefined) ?? []), ...given]);
  }
  if (first === undefined || field.merge === "replaced") return second;
  if (field.form === "resources") return new Map([...(first as Resources), ...(second as Resources)]);
  if (field.form === "entries") {
    const all = [...(first as readonly Entry[]), ...(second as readonly Entry[])];
    return field.entries?.unique(all) ?? all;
  }
  return [...(first as readonly string[]), ...(second as readonly string[])];
}

/** The field as `--print` shows it; undefined if it is left out. */
export function printField(field: Field, value: FieldValue): Json | undefined {
  const plain = (own: string): string =>
    field.escapes === true ? own.replaceAll(/[$%](?=\{)/g, (sign) => sign + sign) : own;
  if (typeof value === "string") return plain(value);
  if (typeof value === "boolean") return value;
  if (field.form === "entries") {
    const items = (value as readonly Entry[]).map((own) => field.entries?.toJson(own) ?? {});
    return items.length === 0 ? undefined : items;
  }
  if (field.form === "texts") {
    const items = value as readonly string[];
    return items.length === 0 ? undefined : items.map(plain);
  }
  if (field.form === "resources") {
    const own = value as Resources;
    return Object.fromEntries(RESOURCE_KEYS.flatMap((key) => (own.has(key) ? [[key, own.get(key) ?? ""]] : [])));
  }
  const entries = [...(value as TextMap)].sort(([left], [right]) => compareTexts(left, right));
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([key, item]) => [key, item === null ? null : plain(item)]));
}
