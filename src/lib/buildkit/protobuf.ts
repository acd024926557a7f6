/**
 * The Protocol Buffers wire format, limited to what BuildKit's messages use: https://protobuf.dev/programming-guides/encoding/
 * A table of fields describes a message. Messages are plain objects. A field that is missing in the bytes gets its default value.
 */

/** The bytes are not a valid message of the expected type. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

export const VARINT = 0;
const FIXED64 = 1;
export const DELIMITED = 2;
const FIXED32 = 5;

/** The highest allowed field number (protobuf.dev, "Assigning Field Numbers"). */
const HIGHEST_FIELD = 0x1fff_ffff;

/** One field of a table. `D` is the type of the decoded value, `E` the type of the value to encode. */
export interface Field<D, E = D> {
  readonly number: number;
  readonly wireType: number;
  /** Returns the value of a field that is missing in the bytes. */
  readonly empty: () => D;
  /** Reads one occurrence of the field and returns the value with it included. */
  readonly read: (reader: Reader, previous: D) => D;
  /** Writes the value without its tag. */
  readonly put: (writer: Writer, value: E) => void;
  readonly isDefault: (value: E) => boolean;
  /** Writes all occurrences with their tags, for a field that may occur several times. */
  readonly putAll?: (writer: Writer, value: E) => void;
  /** Reads an occurrence that has several numbers packed into it. */
  readonly readPacked?: (reader: Reader, previous: D) => D;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a table has fields of any type
type AnyField = Field<any, any>;

/** The fields of a message by name. */
export type Table = Readonly<Record<string, AnyField>>;

/** A decoded message: every field has a value. */
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export type Decoded<S extends Table> = { readonly [K in keyof S]: S[K] extends Field<infer D, any> ? D : never };

/** A message to encode. An absent field means the default value, which takes no bytes. */
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export type Encodable<S extends Table> = { readonly [K in keyof S]?: S[K] extends Field<any, infer E> ? E : never };

/** Reads values from bytes. Methods throw a ProtocolError if the bytes end too early or are invalid. */
export class Reader {
  readonly bytes: Uint8Array;
  at = 0;
  readonly #end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#end = bytes.length;
  }

  get done(): boolean {
    return this.at >= this.#end;
  }

  /** Reads a varint of at most 53 bits. @throws ProtocolError if it is longer */
  number(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) throw new ProtocolError(`the number ${value} is too large`);
        return value;
      }
      scale *= 128;
    }
    throw new ProtocolError("a number has more than 53 bits");
  }

  /** Reads a varint as a signed number of 64 bits in two's complement. */
  big(): bigint {
    let low = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      low |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, low);
    }
    throw new ProtocolError("a number has more than 64 bits");
  }

  /** Reads a length-delimited value. The result is a view, not a copy. */
  delimited(): Buffer {
    const length = this.number();
    if (length > this.#end - this.at) throw new ProtocolError(`a field of ${length} bytes is cut off`);
    const { buffer, byteOffset } = this.bytes;
    const part = Buffer.from(buffer, byteOffset + this.at, length);
    this.at += length;
    return part;
  }

  /** Skips a value. */
  skip(wireType: number): void {
    if (wireType === VARINT) this.big();
    else if (wireType === DELIMITED) this.delimited();
    else if (wireType === FIXED64) this.#jump(8);
    else if (wireType === FIXED32) this.#jump(4);
    else throw new ProtocolError(`the wire type ${wireType} is not known`);
  }

  #jump(length: number): void {
    if (length > this.#end - this.at) throw new ProtocolError(`a field of ${length} bytes is cut off`);
    this.at += length;
  }

  #byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined || this.at >= this.#end) throw new ProtocolError("the message is cut off");
    this.at++;
    return byte;
  }
}

/** Writes values into a buffer that grows. */
export class Writer {
  #bytes: Buffer;
  #length = 0;

  /** @param size initial size of the buffer in bytes */
  constructor(size = 256) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  /** The bytes written so far. They are valid until the writer is used again. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Writes the gRPC prefix of a message. @param length the message's length in bytes */
  frameHead(length: number): void {
    this.#reserve(5);
    this.#bytes[this.#length] = 0;
    this.#bytes.writeUInt32BE(length, this.#length + 1);
    this.#length += 5;
  }

  tag(number: number, wireType: number): void {
    this.number(number * 8 + wireType);
  }

  /** Writes a varint. @param value an integer. A negative one takes ten bytes, like protobuf's int32 and int64. */
  number(value: number): void {
    if (value < 0) {
      this.big(BigInt(value));
      return;
    }
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Writes a varint of 64 bits, in two's complement if it is negative. */
  big(value: bigint): void {
    if (value >= 0n && value <= 0x1f_ffff_ffff_ffffn) {
      this.number(Number(value));
      return;
    }
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  /** Writes bytes with their length before them. */
  delimited(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes a text with its length before it. @param encoding `latin1` for byte strings */
  string(text: string, encoding: "utf8" | "latin1"): void {
    const length = Buffer.byteLength(text, encoding);
    this.number(length);
    this.#reserve(length);
    this.#length += this.#bytes.write(text, this.#length, encoding);
  }

  /** Writes bytes without their length. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Returns the number of bytes that a varint takes. @param value an integer, not negative */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Encodes a message. */
export function encode<S extends Table>(table: S, message: Encodable<S>): Buffer {
  const writer = new Writer();
  writeMessage(writer, table, message);
  return writer.written;
}

/** Decodes a message. It skips unknown fields. @throws ProtocolError if the bytes do not match the table */
export function decode<S extends Table>(table: S, bytes: Uint8Array): Decoded<S> {
  const reader = new Reader(bytes);
  const message: Record<string, unknown> = {};
  const byNumber = fieldsByNumber(table);
  for (const name in table) message[name] = table[name]?.empty();
  while (!reader.done) {
    const tag = reader.number();
    const wireType = tag % 8;
    const number = Math.floor(tag / 8);
    if (number === 0 || number > HIGHEST_FIELD) throw new ProtocolError(`the field number ${number} is not allowed`);
    const found = byNumber.get(number);
    if (found === undefined) {
      reader.skip(wireType);
      continue;
    }
    const [name, field] = found;
    if (wireType === field.wireType) message[name] = field.read(reader, message[name]);
    else if (wireType === DELIMITED && field.readPacked !== undefined)
      message[name] = field.readPacked(reader, message[name]);
    else throw new ProtocolError(`the field ${name} has the wire type ${wireType}`);
  }
  return message as Decoded<S>;
}

type ByNumber = ReadonlyMap<number, readonly [name: string, field: AnyField]>;
const fieldCache = new WeakMap<Table, ByNumber>();

function fieldsByNumber(table: Table): ByNumber {
  const known = fieldCache.get(table);
  if (known !== undefined) return known;
  const made: ByNumber = new Map(Object.entries(table).map((entry) => [entry[1].number, entry]));
  fieldCache.set(table, made);
  return made;
}

function writeMessage<S extends Table>(writer: Writer, table: S, message: Encodable<S>): void {
  for (const [name, field] of Object.entries(table)) {
    const value: unknown = message[name];
    if (value === undefined || field.isDefault(value)) continue;
    if (field.putAll === undefined) putOne(writer, field, value);
    else field.putAll(writer, value);
  }
}

/** Writes one occurrence of a field, even if the value is the default. */
export function putOne<D, E>(writer: Writer, field: Field<D, E>, value: E): void {
  writer.tag(field.number, field.wireType);
  field.put(writer, value);
}
