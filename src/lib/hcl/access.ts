/** Attributes and elements of values. */
import { convert } from "./convert.ts";
import { isInteger, toSafeInteger } from "./number.ts";
import { HclError } from "./source.ts";
import { NUMBER, STRING, nameOf } from "./type.ts";
import { UNKNOWN_VALUE, asNumber, asText, entriesOf, isKnown, isNull, itemsOf, sizeOf, unknownOf } from "./value.ts";
import type { Value } from "./value.ts";

/** @throws HclError if it does not exist */
export function attributeOf(source: Value, name: string): Value {
  if (isNull(source)) throw new HclError(`null has no attribute ${name}`);
  if (source.type.kind === "any") return UNKNOWN_VALUE;
  if (source.type.kind !== "object" && source.type.kind !== "map") {
    throw new HclError(`a ${nameOf(source.type)} has no attributes, so there is no ${name}`);
  }
  if (!isKnown(source)) {
    const type = source.type.kind === "object" ? source.type.attributes.get(name) : source.type.element;
    if (type !== undefined) return unknownOf(type);
  }
  const value = entriesOf(source).get(name);
  if (value === undefined) {
    throw new HclError(
      source.type.kind === "map"
        ? `the map has no element with the key ${name}`
        : `there is no attribute named ${name}`,
    );
  }
  return value;
}

/** @throws HclError if it does not exist */
export function indexOf(source: Value, key: Value): Value {
  if (isNull(source)) throw new HclError("null has no elements");
  if (isNull(key)) throw new HclError("null cannot be an index");
  if (key.type.kind === "any" || source.type.kind === "any") return UNKNOWN_VALUE;
  if (source.type.kind === "list" || source.type.kind === "tuple") {
    const index = keyAs(key, NUMBER);
    if (!isKnown(index) || !isKnown(source)) {
      return source.type.kind === "list" ? unknownOf(source.type.element) : UNKNOWN_VALUE;
    }
    return elementAt(source, index);
  }
  if (source.type.kind !== "map" && source.type.kind !== "object") {
    throw new HclError(`a ${nameOf(source.type)} has no elements to take by an index`);
  }
  const name = keyAs(key, STRING);
  if (!isKnown(name)) return UNKNOWN_VALUE;
  if (!isKnown(source)) {
    const type = source.type.kind === "object" ? source.type.attributes.get(asText(name)) : source.type.element;
    if (type !== undefined) return unknownOf(type);
  }
  const value = entriesOf(source).get(asText(name));
  if (value === undefined) throw new HclError(`there is no element with the key ${JSON.stringify(asText(name))}`);
  return value;
}

function keyAs(key: Value, type: typeof NUMBER): Value {
  try {
    return convert(key, type);
  } catch (error) {
    throw error instanceof HclError ? new HclError(`the index does not fit: ${error.message}`) : error;
  }
}

function elementAt(source: Value, key: Value): Value {
  const position = asNumber(key);
  if (!isInteger(position)) throw new HclError("an index must be a whole number");
  const value = itemsOf(source)[toSafeInteger(position) ?? -1];
  if (value === undefined)
    throw new HclError(`there is no such index: the ${source.type.kind} has ${sizeOf(source)} elements`);
  return value;
}
