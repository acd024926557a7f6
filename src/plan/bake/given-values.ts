/** Values that variables get from the environment or from `--var`. Source: buildx v0.38.2, docs/bake-reference.md. */
import { csvFields } from "../../lib/pflag/csv.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";
import { canConvert, convert } from "../../lib/hcl/convert.ts";
import { mismatch } from "../../lib/hcl/mismatch.ts";
import { decodeJson } from "../../lib/hcl/json.ts";
import { encodeJson } from "../../lib/hcl/json-value.ts";
import { fromDouble } from "../../lib/hcl/number.ts";
import { HclError } from "../../lib/hcl/source.ts";
import {
  ANY,
  BOOL,
  NUMBER,
  STRING,
  isPlain,
  listOf,
  mapOf,
  nameOf,
  objectOf,
  setOf,
  tupleOf,
} from "../../lib/hcl/type.ts";
import type { Type } from "../../lib/hcl/type.ts";
import { bool, entriesOf, isNull, itemsOf, list, map, number, set, text, tuple } from "../../lib/hcl/value.ts";
import type { Value } from "../../lib/hcl/value.ts";

/** Looks up a variable of the environment. */
export type Lookup = (name: string) => string | undefined;

const JSON_SUFFIX = "_JSON";
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

export interface Given {
  readonly text: string;
  readonly isJson: boolean;
}

/**
 * @param prefersJson NAME_JSON has precedence over NAME
 * @param isVariable whether the file has a variable with a name. If it has NAME_JSON, that is not a value for NAME
 */
export function givenFor(
  name: string,
  lookup: Lookup,
  prefersJson: boolean,
  isVariable: (name: string) => boolean,
): Given | undefined {
  const plain = lookup(name);
  if (plain === undefined || prefersJson) {
    const jsonName = name + JSON_SUFFIX;
    const json = isVariable(jsonName) ? undefined : lookup(jsonName);
    if (json !== undefined) return { text: json, isJson: true };
  }
  return plain === undefined ? undefined : { text: plain, isJson: false };
}

/**
 * @param type of the variable; undefined if the file gives none
 * @param fallback the default in the file; undefined without one
 * @throws HclError for a text that is not a value of the type
 */
export function valueOfGiven(name: string, given: Given, type: Type | undefined, fallback: Value | undefined): Value {
  if (type !== undefined) {
    if (given.isJson) return fromJson(name, given.text, type);
    if (["list", "set", "map", "tuple"].includes(type.kind)) return fromCsv(name, given.text, type);
    if (isPlain(type)) return plainValue(name, given.text, type);
    throw new HclError(
      `the variable ${name} is of type ${nameOf(type)}: set ${name}${JSON_SUFFIX} to the value in JSON`,
    );
  }
  if (fallback === undefined || fallback.type.kind === "any") return text(given.text);
  if (isPlain(fallback.type)) return plainValue(name, given.text, fallback.type);
  throw new HclError(`the variable ${name} is a ${nameOf(fallback.type)} without a \`type\`, so a text cannot set it`);
}

/** @throws HclError */
function plainValue(name: string, given: string, type: Type): Value {
  if (type.kind === "string") return text(given);
  if (type.kind === "bool") {
    const value = parseBool(given);
    if (value === undefined)
      throw new HclError(`the variable ${name} must be true or false, not ${JSON.stringify(given)}`);
    return bool(value);
  }
  const value = DECIMAL.test(given) ? Number(given) : Number.NaN;
  const own = Number.isFinite(value) ? fromDouble(value) : undefined;
  if (own === undefined) throw new HclError(`the variable ${name} must be a number, not ${JSON.stringify(given)}`);
  return number(own);
}

function fieldsOf(name: string, given: string): string[] {
  try {
    if (given !== "") return csvFields(given, "var");
  } catch {
    // The error below covers both cases.
  }
  throw new HclError(`the variable ${name} must be values separated by commas, not ${JSON.stringify(given)}`);
}

function fromCsv(name: string, given: string, type: Type): Value {
  const fields = fieldsOf(name, given);
  const one = (value: string, own: Type): Value => {
    if (isPlain(own)) return plainValue(name, value, own);
    throw new HclError(
      `the variable ${name} is of type ${nameOf(type)}: set ${name}${JSON_SUFFIX} to the value in JSON`,
    );
  };
  if (type.kind === "tuple") {
    if (fields.length !== type.elements.length) {
      throw new HclError(`the variable ${name} needs ${type.elements.length} values, not ${fields.length}`);
    }
    return tuple(type.elements.map((own, index) => one(fields[index] ?? "", own)));
  }
  if (type.kind === "map") {
    return map(
      fields.map((field) => {
        const parts = keyAndValue(name, field);
        return [parts[0], one(parts[1], type.element)] as const;
      }),
    );
  }
  if (type.kind !== "list" && type.kind !== "set")
    throw new HclError(`a ${nameOf(type)} cannot be written as values separated by commas`);
  const items = fields.map((field) => one(field, type.element));
  return type.kind === "list" ? list(items) : set(items);
}

/** `key:value`, with optional quotes around each. */
function keyAndValue(name: string, field: string): readonly [string, string] {
  const parts = /^(?:"((?:[^"]|"")*)"|([^":]*)):(?:"((?:[^"]|"")*)"|([^":]*))$/.exec(field);
  if (parts === null) throw new HclError(`the variable ${name} needs entries KEY:VALUE, not ${field}`);
  const [, quotedKey, key = "", quotedValue, value = ""] = parts;
  return [quotedKey?.replaceAll('""', '"') ?? key, quotedValue?.replaceAll('""', '"') ?? value];
}

function fromJson(name: string, given: string, type: Type): Value {
  try {
    const value = decodeJson(given);
    if (type.kind === "any" && !isNull(value)) return dynamicValue(value);
    mustFit(value, type);
    return convert(value, type);
  } catch (error) {
    if (!(error instanceof HclError)) throw error;
    throw new HclError(`${name}${JSON_SUFFIX} is not a valid value of the variable ${name}: ${error.message}`);
  }
}

/** A value of any type names its type beside it: `{"value": [1], "type": ["list", "number"]}` (go-cty, cty/json). */
function dynamicValue(given: Value): Value {
  const fields = new Map(given.type.kind === "object" ? entriesOf(given) : []);
  const [value, type] = [fields.get("value"), fields.get("type")];
  if (value === undefined || type === undefined || fields.size !== 2)
    throw new HclError('a value of any type is written as {"value": …, "type": …}');
  const own = typeIn(type);
  mustFit(value, own);
  return convert(value, own);
}

const PLAIN: ReadonlyMap<unknown, Type> = new Map([
  ["string", STRING],
  ["number", NUMBER],
  ["bool", BOOL],
  ["dynamic", ANY],
]);

function typeIn(given: Value): Type {
  const plain = given.type.kind === "string" ? PLAIN.get(given.content) : undefined;
  if (plain !== undefined) return plain;
  const [kind, of] = given.type.kind === "tuple" ? itemsOf(given) : [];
  if (kind?.type.kind === "string" && of !== undefined) {
    if (kind.content === "list") return listOf(typeIn(of));
    if (kind.content === "set") return setOf(typeIn(of));
    if (kind.content === "map") return mapOf(typeIn(of));
    if (kind.content === "tuple" && of.type.kind === "tuple") return tupleOf(itemsOf(of).map(typeIn));
    if (kind.content === "object" && of.type.kind === "object")
      return objectOf([...entriesOf(of)].map(([name, own]) => [name, typeIn(own)] as const));
  }
  throw new HclError(`${encodeJson(given)} is not a type`);
}

/** The JSON must not have attributes that the type lacks, nor texts for numbers. */
function mustFit(value: Value, type: Type): void {
  if (isNull(value) || type.kind === "any") return;
  if (type.kind === "list" || type.kind === "set" || type.kind === "map") {
    const isOfKind = type.kind === "map" ? value.type.kind === "object" : value.type.kind === "tuple";
    if (!isOfKind) throw new HclError(mismatch(value.type, type, canConvert));
    for (const item of itemsOf(value)) mustFit(item, type.element);
  } else if (type.kind === "object") {
    for (const [key, item] of entriesOf(value)) {
      const own = type.attributes.get(key);
      if (own === undefined) throw new HclError(`the type has no attribute ${key}`);
      mustFit(item, own);
    }
  } else if (type.kind === "tuple") {
    for (const [index, item] of itemsOf(value).entries()) {
      const own = type.elements[index];
      if (own !== undefined) mustFit(item, own);
    }
  }
}
