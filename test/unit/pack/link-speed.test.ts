import { expect, it } from "vitest";
import { FAST_LEVEL, LinkSpeed, SLOW_LEVEL } from "../../../src/pack/link-speed.ts";
import { pack, readArchive, TempTree } from "./trees.ts";

const MIB = 1024 * 1024;

/** The level after pieces of 1 MiB that took so many milliseconds each. */
function levelAfter(...times: readonly number[]): number {
  const speed = new LinkSpeed();
  for (const ms of times) speed.observe(MIB, ms);
  return speed.level;
}

const many = (ms: number, count = 20): number[] => Array.from({ length: count }, () => ms);

it("compresses little for a fast reader, more for a slow one", () => {
  expect(levelAfter(...many(1))).toBe(FAST_LEVEL);
  expect(levelAfter(...many(5000))).toBe(SLOW_LEVEL);
});

it("a link does not count as slow before enough bytes are sent", () => {
  expect(levelAfter()).toBe(FAST_LEVEL);
  expect(levelAfter(60_000, 60_000)).toBe(FAST_LEVEL);
});

it("forgets what was long ago", () => {
  expect(levelAfter(...many(5000), ...many(1))).toBe(FAST_LEVEL);
  expect(levelAfter(...many(1), ...many(5000))).toBe(SLOW_LEVEL);
});

it("leaves the content as it is", async () => {
  using tree = new TempTree({ a: "text ".repeat(3 * MIB) });
  const { archive } = await pack(tree.root, { level: "link", prefix: "" });
  expect(readArchive(archive).map(({ path, size }) => [path, size])).toEqual([["a", 15 * MIB]]);
});
