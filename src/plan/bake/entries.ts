/**
 * Entries of the lists of a target: caches, outputs, attestations, secrets, SSH keys and policies. Each is a text of docker's
 * flags (`type=registry,ref=…`), or an object with the same keys. Source: buildx v0.38.2, util/buildflags.
 */
import { csvFields } from "../../lib/pflag/csv.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";
import { convert } from "../../lib/hcl/convert.ts";
import { quoteJson } from "../../lib/hcl/json-value.ts";
import { toText } from "../../lib/hcl/number.ts";
import { HclError } from "../../lib/hcl/source.ts";
import { STRING, listOf, mapOf, objectOf } from "../../lib/hcl/type.ts";
import type { Type } from "../../lib/hcl/type.ts";
import {
  asNumber,
  asText,
  compareTexts,
  entriesOf,
  isKnown,
  isNull,
  isTrue,
  itemsOf,
  list,
  map,
  object,
  text,
} from "../../lib/hcl/value.ts";
import type { Value } from "../../lib/hcl/value.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** A JSON value, with its keys in the order of `--print`. */
export type Json = string | boolean | number | null | readonly Json[] | { readonly [key: string]: Json };

/** Keys and values, also `type`, `dest`, `id`, `src`, `env` and `disabled` for the kinds that have them. */
export interface Entry {
  readonly pairs: ReadonlyMap<string, string>;
  /** Paths of SSH keys. */
  readonly paths?: readonly string[];
}

export interface EntryKind {
  /** Type of one entry, for expressions. */
  readonly type: Type;
  /** @throws HclError for a malformed text */
  readonly parse: (text: string) => readonly Entry[];
  /** @throws HclError for a value of another shape */
  readonly fromValue: (value: Value) => readonly Entry[];
  readonly toValue: (entry: Entry) => Value;
  readonly toJson: (entry: Entry) => Json;
  /** The text of docker's flag. */
  readonly toText: (entry: Entry) => string;
  /** Drops duplicates. */
  readonly unique: (entries: readonly Entry[]) => readonly Entry[];
}

function fieldsOf(value: string): string[] {
  if (value === "") throw new HclError("the text is empty");
  try {
    return csvFields(value, "set");
  } catch (error) {
    throw new HclError(`${JSON.stringify(value)} is not a list of KEY=VALUE: ${(error as Error).message}`);
  }
}

function pairsOf(fields: readonly string[], lower: boolean): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const field of fields) {
    const at = field.indexOf("=");
    if (at === -1) throw new HclError(`${field} is not KEY=VALUE`);
    const key = field.slice(0, at);
    pairs.set(lower ? key.trim().toLowerCase() : key, field.slice(at + 1));
  }
  return pairs;
}

function sorted(pairs: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  return new Map([...pairs].sort(([left], [right]) => compareTexts(left, right)));
}

function entry(pairs: Iterable<readonly [string, string]>): Entry {
  return { pairs: sorted(pairs) };
}

function withType(pairs: ReadonlyMap<string, string>, what: string): Entry {
  if ((pairs.get("type") ?? "") === "") throw new HclError(`the type of the ${what} is missing`);
  return entry(pairs);
}

/** The attributes of an object as texts. Numbers and booleans are converted. */
function pairsIn(value: Value): Map<string, string> {
  const converted = convert(value, mapOf(STRING));
  if (isNull(converted)) throw new HclError("an entry must not be null");
  return new Map([...entriesOf(converted)].filter(([, own]) => isKnown(own)).map(([key, own]) => [key, asText(own)]));
}

function flatValue({ pairs }: Entry): Value {
  return map(
    [...pairs].map(([key, own]) => [key, text(own)] as const),
    STRING,
  );
}

function flatJson({ pairs }: Entry): Json {
  return Object.fromEntries(pairs);
}

function field(key: string, value: string): string {
  const pair = `${key}=${value}`;
  return /[,"]/.test(pair) ? `"${pair.replaceAll('"', '""')}"` : pair;
}

/** `type` first, then the other keys in order. */
function flatText({ pairs }: Entry): string {
  const first = ["type", "dest", "id"].filter((key) => pairs.has(key));
  return [...first, ...[...pairs.keys()].filter((key) => !first.includes(key))]
    .map((key) => field(key, pairs.get(key) ?? ""))
    .join(",");
}

function sameEntry(left: Entry, right: Entry): boolean {
  return (
    left.pairs.size === right.pairs.size && [...left.pairs].every(([key, value]) => right.pairs.get(key) === value)
  );
}

/** A duplicate of an earlier entry is replaced by the last entry, which gives buildx's order. */
function withoutCopies(entries: readonly Entry[]): readonly Entry[] {
  const kept = [...entries];
  for (let at = kept.length - 2; at >= 0; at -= 1) {
    const own = kept[at];
    const copy = kept.findIndex((other, index) => index > at && own !== undefined && sameEntry(own, other));
    const last = kept.at(-1);
    if (copy === -1 || last === undefined) continue;
    kept[copy] = last;
    kept.pop();
  }
  return kept;
}

/** Of entries with the same key only the last is kept, at the position of the first. */
function lastOfEach(key: string): EntryKind["unique"] {
  return (entries) => {
    const byKey = new Map<string, Entry>();
    for (const own of entries) byKey.set(own.pairs.get(key) ?? "", own);
    return [...byKey.values()];
  };
}

function parseCache(value: string): readonly Entry[] {
  if (!value.includes("=")) {
    return fieldsOf(value).map((ref) =>
      entry([
        ["type", "registry"],
        ["ref", ref],
      ]),
    );
  }
  return [
    withType(new Map([...pairsOf(fieldsOf(value), false)].map(([key, own]) => [key.toLowerCase(), own])), "cache"),
  ];
}

export const CACHE: EntryKind = {
  type: mapOf(STRING),
  parse: parseCache,
  fromValue: (value) => [withType(pairsIn(value), "cache")],
  toValue: flatValue,
  toJson: flatJson,
  toText: flatText,
  unique: withoutCopies,
};

function parseOutput(value: string): Entry {
  const fields = fieldsOf(value);
  if (fields.length === 1 && fields[0] === value && !value.startsWith("type=")) {
    return entry([
      ["type", value === "-" ? "tar" : "local"],
      ["dest", value],
    ]);
  }
  return withType(pairsOf(fields, true), "output");
}

export const OUTPUT: EntryKind = {
  type: mapOf(STRING),
  parse: (value) => [parseOutput(value)],
  fromValue: (value) => [withType(pairsIn(value), "output")],
  toValue: ({ pairs }) => flatValue({ pairs: sorted(new Map([["dest", ""], ...pairs])) }),
  toJson: ({ pairs }) => Object.fromEntries([...pairs].filter(([key, value]) => key !== "dest" || value !== "")),
  toText: ({ pairs }) =>
    flatText({ pairs: new Map([...pairs].filter(([key, value]) => key !== "dest" || value !== "")) }),
  unique: withoutCopies,
};

function attestation(pairs: ReadonlyMap<string, string>): Entry {
  const disabled = pairs.get("disabled");
  const rest = [...pairs].filter(([key]) => key !== "disabled");
  if (disabled === undefined) return entry(pairs);
  const value = parseBool(disabled);
  if (value === undefined) throw new HclError(`disabled=${disabled} is neither true nor false`);
  return entry(value ? [...rest, ["disabled", "true"]] : rest);
}

function parseAttestation(value: string): Entry {
  const known = [...pairsOf(fieldsOf(value), false)].map(([key, own]) => {
    const name = key.trim().toLowerCase();
    return [name === "type" || name === "disabled" ? name : key, own] as const;
  });
  const pairs = new Map(known);
  if ((pairs.get("type") ?? "") === "") throw new HclError("the type of the attestation is missing");
  return attestation(pairs);
}

export const ATTESTATION: EntryKind = {
  type: mapOf(STRING),
  parse: (value) => [parseAttestation(value)],
  fromValue: (value) => [attestation(new Map([["type", ""], ...pairsIn(value)]))],
  toValue: flatValue,
  toJson: ({ pairs }) => Object.fromEntries([...pairs].map(([key, value]) => [key, key === "disabled" ? true : value])),
  toText: flatText,
  unique: lastOfEach("type"),
};

const SECRET_KEYS = ["id", "src", "env"] as const;

function parseSecret(value: string): Entry {
  const pairs = new Map<string, string>();
  let type: string | undefined;
  for (const [key, own] of pairsOf(fieldsOf(value), false)) {
    const name = key.toLowerCase();
    if (name === "type") {
      if (own !== "file" && own !== "env")
        throw new HclError(`unknown type ${own} of a secret: the known types are file and env`);
      type = own;
    } else if (name === "source" || name === "src") pairs.set("src", own);
    else if (name === "id" || name === "env") pairs.set(name, own);
    else throw new HclError(`unknown key ${key} of a secret: the known keys are id, src, env and type`);
  }
  const source = pairs.get("src");
  if (type === "env" && (pairs.get("env") ?? "") === "" && source !== undefined) {
    pairs.set("env", source);
    pairs.delete("src");
  }
  return entry([...pairs].filter(([, own]) => own !== ""));
}

const SECRET_TYPE = objectOf(
  SECRET_KEYS.map((key) => [key, STRING] as const),
  SECRET_KEYS,
);

function ordered(keys: readonly string[], pairs: ReadonlyMap<string, string>): Json {
  return Object.fromEntries(keys.flatMap((key) => (pairs.has(key) ? [[key, pairs.get(key) ?? ""]] : [])));
}

export const SECRET: EntryKind = {
  type: SECRET_TYPE,
  parse: (value) => [parseSecret(value)],
  fromValue: (value) => {
    const own = [...entriesOf(convert(value, SECRET_TYPE))].filter(([, item]) => isKnown(item) && !isNull(item));
    return [entry(own.map(([key, item]) => [key, asText(item)] as const).filter(([, item]) => item !== ""))];
  },
  toValue: ({ pairs }) => object(SECRET_KEYS.map((key) => [key, text(pairs.get(key) ?? "")] as const)),
  toJson: ({ pairs }) => ordered(SECRET_KEYS, pairs),
  toText: flatText,
  unique: lastOfEach("id"),
};

const SSH_TYPE = objectOf([["id", STRING] as const, ["paths", listOf(STRING)] as const], ["id", "paths"]);

export const SSH: EntryKind = {
  type: SSH_TYPE,
  parse: (value) => {
    const at = value.indexOf("=");
    if (at === -1) return [{ pairs: new Map([["id", value]]) }];
    return [{ pairs: new Map([["id", value.slice(0, at)]]), paths: value.slice(at + 1).split(",") }];
  },
  fromValue: (value) => {
    if (isNull(value)) throw new HclError("an entry must not be null");
    const own = entriesOf(convert(value, SSH_TYPE));
    const id = own.get("id");
    const paths = own.get("paths");
    const given = paths === undefined || isNull(paths) ? undefined : itemsOf(paths).map(asText);
    return [
      {
        pairs: new Map([["id", id === undefined || isNull(id) ? "" : asText(id)]]),
        ...omitUndefined({ paths: given }),
      },
    ];
  },
  toValue: ({ pairs, paths = [] }) =>
    object([
      ["id", text(pairs.get("id") ?? "")],
      ["paths", list(paths.map(text), STRING)],
    ]),
  toJson: ({ pairs, paths = [] }) => ({
    ...((pairs.get("id") ?? "") === "" ? {} : { id: pairs.get("id") ?? "" }),
    ...(paths.length === 0 ? {} : { paths }),
  }),
  toText: ({ pairs, paths = [] }) =>
    paths.length === 0 ? (pairs.get("id") ?? "") : field(pairs.get("id") ?? "", paths.join(",")),
  unique: lastOfEach("id"),
};

const POLICY_FLAGS = ["reset", "disabled", "strict"];

function policy(pairs: ReadonlyMap<string, string>): Entry {
  const known = new Map<string, string>();
  for (const [key, value] of pairs) {
    const flag = POLICY_FLAGS.includes(key) ? parseBool(value) : undefined;
    const isFile = key === "filename" && value !== "";
    const isLevel = key === "log-level" && /^(?:panic|fatal|error|warn|warning|info|debug|trace)$/i.test(value);
    if (flag === undefined && !isFile && !isLevel) throw new HclError(`unknown setting ${key}=${value} of a policy`);
    known.set(key, flag === undefined ? value : String(flag));
  }
  return entry(known);
}

const LEVELS = ["panic", "fatal", "error", "warning", "info", "debug", "trace"];

function levelOf(value: string | undefined): string | null {
  const name = value?.toLowerCase().replace(/^warn$/, "warning");
  return name !== undefined && LEVELS.includes(name) ? name : null;
}

/** A plain value of a policy as text. */
function plainText(value: Value): string {
  if (value.type.kind === "string") return asText(value);
  if (value.type.kind === "bool") return String(isTrue(value));
  if (value.type.kind === "number") return toText(asNumber(value));
  throw new HclError("a string is required");
}

export const POLICY: EntryKind = {
  type: mapOf(STRING),
  parse: (value) => [policy(pairsOf(fieldsOf(value), true))],
  fromValue: (value) => {
    if (value.type.kind !== "object" && value.type.kind !== "map") throw new HclError("map of string required");
    const own = [...entriesOf(value)].filter(([, item]) => isKnown(item) && !isNull(item) && item.content !== "");
    return [policy(new Map(own.map(([key, item]) => [key, plainText(item)])))];
  },
  toValue: flatValue,
  toJson: ({ pairs }) => ({
    Files: pairs.has("filename") ? [{ Filename: pairs.get("filename") ?? "", Data: null }] : null,
    Reset: pairs.get("reset") === "true",
    Disabled: pairs.get("disabled") === "true",
    Strict: pairs.has("strict") ? pairs.get("strict") === "true" : null,
    LogLevel: levelOf(pairs.get("log-level")),
  }),
  toText: flatText,
  unique: (entries) => entries,
};

/**
 * The entries of a field's value, which is a list of texts and objects. Empty texts are skipped.
 * @throws HclError
 */
export function entriesIn(kind: EntryKind, value: Value): readonly Entry[] {
  if (value.type.kind !== "tuple" && value.type.kind !== "list") throw new HclError("a list is required");
  return itemsOf(value).flatMap((item) => {
    if (!isKnown(item) || item.content === "") return [];
    return item.type.kind === "string" ? kind.parse(asText(item)) : kind.fromValue(item);
  });
}

/** As Go's json.MarshalIndent with two spaces. */
export function toJsonText(value: Json, indent = ""): string {
  if (typeof value === "string") return quoteJson(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const items = isList
    ? (value as readonly Json[]).map((item) => toJsonText(item, inner))
    : Object.entries(value).map(([key, item]) => `${quoteJson(key)}: ${toJsonText(item, inner)}`);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (items.length === 0) return open + close;
  return `${open}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${close}`;
}
