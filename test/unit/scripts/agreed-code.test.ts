import { expect, it } from "vitest";
import { agreedOn } from "../../../scripts/release/compiled-code.ts";

function makerOf(results: string): { readonly make: () => Promise<Buffer>; readonly left: string[] } {
  const left = [...results];
  return { make: async () => Buffer.from(left.shift() ?? "none"), left };
}

it.each([
  ["comes four times in a row", "aaaa", "a"],
  ["is four ahead, whichever came first", "bacabaaaa", "a"],
  ["is four ahead, although another one came three times before it did", "bbbaaaaaaa", "a"],
])("takes the code that %s", async (_case, results, expected) => {
  const { make, left } = makerOf(`${results}!`);
  expect((await agreedOn(make)).toString()).toBe(expected);
  expect(left).toEqual(["!"]);
});

it("makes nothing of runs that do not agree, nor of two codes that come equally often", async () => {
  for (const results of [
    Array.from({ length: 40 }, (_, index) => String.fromCodePoint(0x100 + index)).join(""),
    "ab".repeat(20),
  ]) {
    const { make, left } = makerOf(results);
    await expect(agreedOn(make)).rejects.toThrow(
      "of 40 runs of the program none gave its compiled code 4 times more often",
    );
    expect(left).toEqual([]);
  }
});
