import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { compressMember, isIncompressible } from "../../../../src/lib/archive/gzip.ts";
import { StoredBuffer, storeMember } from "../../../../src/lib/archive/stored-buffer.ts";

test.each([1, 65_535, 65_536, 131_070, 1_048_576])("%i bytes stored come back", (length) => {
  const data = randomBytes(length);
  const member = storeMember(data);
  expect(gunzipSync(member).equals(data)).toBe(true);
  expect(member.length - length).toBe(18 + 5 * Math.ceil(length / 65_535));
});

test.each([1, 6, 9])("members of level %i in a row are one file", async (level) => {
  const parts = [Buffer.from("a".repeat(100_000)), randomBytes(200_000), Buffer.alloc(0), Buffer.from("end")];
  const members = await Promise.all(parts.map((part) => compressMember(part, level)));
  expect(gunzipSync(Buffer.concat(members)).equals(Buffer.concat(parts))).toBe(true);
});

test("incompressible data is stored, compressible data is compressed", async () => {
  const noise = randomBytes(1_000_000);
  expect(isIncompressible(noise)).toBe(true);
  expect((await compressMember(noise, 6)).length).toBe(1_000_000 + 18 + 16 * 5);
  const text = Buffer.from(Array.from({ length: 60_000 }, (_, line) => `line ${line}`).join("\n"));
  expect(isIncompressible(text)).toBe(false);
  // Every byte as often as every other, and still easy to compress.
  expect(isIncompressible(Buffer.from(Uint8Array.from({ length: 500_000 }, (_, at) => at)))).toBe(false);
});

test("a stored buffer takes pieces of any length", () => {
  const buffer = new StoredBuffer();
  const data = randomBytes(3_000_000);
  const members: Buffer[] = [];
  for (let at = 0, step = 1; at < data.length; at += step, step = (step * 7) % 61_403) {
    const piece = data.subarray(at, at + step);
    if (!buffer.reserve(piece.length)) {
      const member = buffer.take();
      if (member !== undefined) members.push(member);
      buffer.reserve(piece.length);
    }
    expect(buffer.space.length).toBeGreaterThanOrEqual(piece.length);
    piece.copy(buffer.space);
    buffer.advance(piece.length);
  }
  members.push(buffer.take() ?? Buffer.alloc(0));
  expect(buffer.take()).toBeUndefined();
  expect(members.length).toBeGreaterThan(2);
  expect(members.every((member) => member.length <= 1_048_576)).toBe(true);
  expect(gunzipSync(Buffer.concat(members)).equals(data)).toBe(true);
});
