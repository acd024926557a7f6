import { expect, test } from "vitest";
import { withoutSignature } from "../../../scripts/release/unsign.ts";

const HEADER_AT = 0x80;
const ENTRY_AT = HEADER_AT + 24 + 144;

/** A program of 512 bytes with a signature of 32. */
function signed(more = ""): Buffer {
  const program = Buffer.alloc(512, "p");
  program.writeUInt32LE(HEADER_AT, 0x3c);
  program.writeUInt32LE(512, ENTRY_AT);
  program.writeUInt32LE(32, ENTRY_AT + 4);
  return Buffer.concat([program, Buffer.alloc(32, "s"), Buffer.from(more)]);
}

test("a Windows program loses its signature and what points to it, and nothing else", () => {
  const before = signed();
  const after = withoutSignature(before);
  expect(after.length).toBe(512);
  expect([after.readUInt32LE(ENTRY_AT), after.readUInt32LE(ENTRY_AT + 4)]).toEqual([0, 0]);
  expect(after.subarray(ENTRY_AT + 8).equals(before.subarray(ENTRY_AT + 8, 512))).toBe(true);
  expect(withoutSignature(after)).toBe(after);
});

test("a Windows program with something behind its signature is refused", () => {
  expect(() => withoutSignature(signed("more"))).toThrow("the signature is not the end of the program");
});
