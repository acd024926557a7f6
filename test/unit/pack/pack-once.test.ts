import { expect, it } from "vitest";
import { PackedOnce } from "../../../src/pack/pack-once.ts";

async function read(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

function counting(parts: readonly string[]): { readonly open: () => AsyncIterable<Uint8Array>; opened: number } {
  const source = {
    opened: 0,
    async *open(): AsyncIterable<Uint8Array> {
      source.opened += 1;
      for (const part of parts) yield Buffer.from(part);
    },
  };
  return source;
}

it("gives every reader the same bytes, and packs once", async () => {
  const source = counting(["one ", "two ", "three"]);
  using packed = new PackedOnce(source.open);
  const together = await Promise.all([read(packed.open()), read(packed.open())]);
  expect([...together, await read(packed.open())]).toEqual(Array<string>(3).fill("one two three"));
  expect(source.opened).toBe(1);
});

it("lets a reader that stops early start again", async () => {
  using packed = new PackedOnce(counting(["one ", "two"]).open);
  for await (const _ of packed.open()) break;
  expect(await read(packed.open())).toBe("one two");
});

it("packs nothing before it is read, and ends with nothing read", () => {
  const source = counting(["one"]);
  new PackedOnce(source.open)[Symbol.dispose]();
  expect(source.opened).toBe(0);
});

it("passes a failure to every reader", async () => {
  using packed = new PackedOnce(async function* () {
    yield Buffer.from("one");
    throw new Error("the disk is gone");
  });
  const results = await Promise.allSettled([read(packed.open()), read(packed.open())]);
  for (const result of results) expect(result).toMatchObject({ status: "rejected" });
});
