import { describe, expect, it } from "vitest";
import {
  bool,
  byteString,
  bytes,
  int,
  long,
  message,
  repeated,
  text,
  textMap,
} from "../../../../src/lib/buildkit/fields.ts";
import { ProtocolError, decode, encode } from "../../../../src/lib/buildkit/protobuf.ts";

const INNER = { name: text(1), count: int(2) };
const TABLE = {
  title: text(1),
  raw: byteString(2),
  data: bytes(3),
  flag: bool(4),
  number: int(5),
  nanos: long(6),
  inner: message(7, INNER),
  names: repeated(text(8)),
  numbers: repeated(int(9)),
  items: repeated(message(10, INNER)),
  attrs: textMap(16),
};

const FULL = {
  title: "häß",
  raw: "\xff\x00a",
  data: Buffer.from([0, 255, 1]),
  flag: true,
  number: 2 ** 40,
  nanos: 1_796_000_000_123_456_789n,
  inner: { name: "", count: 0 },
  names: ["", "b", ""],
  numbers: [0, 1, 300],
  items: [
    { name: "x", count: 1 },
    { name: "", count: 0 },
  ],
  attrs: new Map([
    ["", ""],
    ["__proto__", "k"],
  ]),
};

describe("a message", () => {
  it("a message decodes to what was encoded", () => {
    expect(decode(TABLE, encode(TABLE, FULL))).toEqual(FULL);
  });

  it("a message of no bytes has the default of each field", () => {
    expect(encode(TABLE, { title: "", number: 0, flag: false, names: [], attrs: new Map(), nanos: 0n })).toHaveLength(
      0,
    );
    expect(decode(TABLE, Buffer.alloc(0))).toEqual({
      title: "",
      raw: "",
      data: Buffer.alloc(0),
      flag: false,
      number: 0,
      nanos: 0n,
      inner: undefined,
      names: [],
      numbers: [],
      items: [],
      attrs: new Map(),
    });
  });

  it.each([
    [150, "089601"],
    [-1, "08ffffffffffffffffff01"],
    [-(2 ** 40), "088080808080e0ffffff01"],
    [Number.MAX_SAFE_INTEGER, "08ffffffffffffff0f"],
  ])("writes the number %d as protoc does", (value, hex) => {
    expect(encode({ a: int(1) }, { a: value }).toString("hex")).toBe(hex);
    expect(decode({ a: int(1) }, Buffer.from(hex, "hex")).a).toBe(value);
  });

  it.each([-1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n])("keeps all bits of %d", (value) => {
    expect(decode({ a: long(1) }, encode({ a: long(1) }, { a: value })).a).toBe(value);
  });

  it("repeated numbers are read packed and one by one", () => {
    const both = Buffer.from("4a030102034804", "hex");
    expect(decode(TABLE, both).numbers).toEqual([1, 2, 3, 4]);
  });

  it("unknown fields of each wire type are skipped", () => {
    const unknown = Buffer.from("e03f01e13f0102030405060708e23f026869e53f010203040a0161", "hex");
    expect(decode(TABLE, unknown).title).toBe("a");
  });
});

describe("bytes that are cut or wrong", () => {
  it("cut or wrong bytes are refused or read as a shorter message, never beyond their end", () => {
    const whole = encode(TABLE, FULL);
    const outcomes = Array.from({ length: whole.length }, (_, length) => {
      try {
        return decode(TABLE, whole.subarray(0, length)).title.length > 0 || length < 10;
      } catch (error) {
        return error instanceof ProtocolError;
      }
    });
    expect(outcomes).not.toContain(false);
  });

  it.each([
    ["a field number 0", "0001"],
    ["a group", "0b"],
    ["an unknown wire type", "0f00"],
    ["another wire type than the field's", "0801"],
    ["a length beyond the end", "0a7f61"],
    ["a length of 2^63", "0affffffffffffffff7f"],
    ["a number that never ends", "28ffffffffffffffffffffff01"],
    ["a number beyond 2^53", "28ffffffffffffffff7f"],
  ])("are refused: %s", (_, hex) => {
    expect(() => decode(TABLE, Buffer.from(hex, "hex"))).toThrow(ProtocolError);
  });
});
