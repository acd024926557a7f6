/** The kinds of fields in a message table of protobuf.ts. The argument of each is the field's number. */
import { DELIMITED, ProtocolError, Reader, VARINT, decode, encode, putOne } from "./protobuf.ts";
import type { Decoded, Encodable, Field, Table } from "./protobuf.ts";

/** A `string` in UTF-8. */
export function text(number: number): Field<string> {
  return stringField(number, "utf8");
}

/** A `string` that may not be valid UTF-8, for example a path. Its value is a byte string: one character for each byte. */
export function byteString(number: number): Field<string> {
  return stringField(number, "latin1");
}

function stringField(number: number, encoding: "utf8" | "latin1"): Field<string> {
  return {
    number,
    wireType: DELIMITED,
    empty: () => "",
    read: (reader) => reader.delimited().toString(encoding),
    put: (writer, value) => writer.string(value, encoding),
    isDefault: (value) => value === "",
  };
}

const NO_BYTES = Buffer.alloc(0);

/** `bytes`. A decoded value is a view of the message's bytes, not a copy. */
export function bytes(number: number): Field<Buffer, Uint8Array> {
  return {
    number,
    wireType: DELIMITED,
    empty: () => NO_BYTES,
    read: (reader) => reader.delimited(),
    put: (writer, value) => writer.delimited(value),
    isDefault: (value) => value.length === 0,
  };
}

/** `bool`. */
export function bool(number: number): Field<boolean> {
  return {
    number,
    wireType: VARINT,
    empty: () => false,
    read: (reader) => reader.big() !== 0n,
    put: (writer, value) => writer.number(value ? 1 : 0),
    isDefault: (value) => !value,
  };
}

/** `int32`, `int64`, `uint32` or an enum. Decoding throws a ProtocolError for a value that a double cannot hold exactly. */
export function int(number: number): Field<number> {
  return {
    number,
    wireType: VARINT,
    empty: () => 0,
    read: (reader) => {
      const value = Number(reader.big());
      if (!Number.isSafeInteger(value)) throw new ProtocolError(`the number ${value} is too large`);
      return value;
    },
    put: (writer, value) => writer.number(value),
    isDefault: (value) => value === 0,
  };
}

/** `int64` as a bigint, for values that a double cannot hold exactly. */
export function long(number: number): Field<bigint> {
  return {
    number,
    wireType: VARINT,
    empty: () => 0n,
    read: (reader) => reader.big(),
    put: (writer, value) => writer.big(value),
    isDefault: (value) => value === 0n,
  };
}

/** A nested message. It is undefined if the field is absent, which is not the same as an empty message. */
export function message<S extends Table>(number: number, table: S): Field<Decoded<S> | undefined, Encodable<S>> {
  return {
    number,
    wireType: DELIMITED,
    empty: () => undefined,
    read: (reader) => decode(table, reader.delimited()),
    put: (writer, value) => writer.delimited(encode(table, value)),
    isDefault: () => false,
  };
}

/** A `repeated` field. Numbers may be packed or not. */
export function repeated<D, E>(field: Field<D, E>): Field<readonly Exclude<D, undefined>[], readonly E[]> {
  type Items = readonly Exclude<D, undefined>[];
  const readOne = (reader: Reader): Items => [field.read(reader, field.empty()) as Exclude<D, undefined>];
  return {
    number: field.number,
    wireType: field.wireType,
    empty: () => [],
    // Appends in place: a message may have thousands of items, and nothing else refers to the list yet.
    read: (reader, previous) => append(previous, readOne(reader)),
    put: () => {},
    putAll: (writer, values) => {
      for (const value of values) putOne(writer, field, value);
    },
    isDefault: (values) => values.length === 0,
    ...(field.wireType === VARINT
      ? {
          readPacked: (reader, previous) => {
            const packed = new Reader(reader.delimited());
            let items = previous;
            while (!packed.done) items = append(items, readOne(packed));
            return items;
          },
        }
      : {}),
  };
}

function append<T>(items: readonly T[], more: readonly T[]): readonly T[] {
  (items as T[]).push(...more);
  return items;
}

const ENTRY = { key: text(1), value: text(2) };

/** `map<string, string>`. */
export function textMap(number: number): Field<ReadonlyMap<string, string>> {
  return {
    number,
    wireType: DELIMITED,
    empty: () => new Map(),
    read: (reader, previous) => {
      const { key, value } = decode(ENTRY, reader.delimited());
      return (previous as Map<string, string>).set(key, value);
    },
    put: () => {},
    putAll: (writer, entries) => {
      for (const [key, value] of entries) {
        writer.tag(number, DELIMITED);
        writer.delimited(encode(ENTRY, { key, value }));
      }
    },
    isDefault: (entries) => entries.size === 0,
  };
}
