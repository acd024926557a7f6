import { expect, it } from "vitest";
import { agreedOn } from "../../../scripts/release/compiled-code.ts";

function makerOf(results: readonly string[]): { readonly make: () => Promise<Buffer>; readonly left: string[] } {
  const left = [...results];
  return { make: async () => Buffer.from(left.shift() ?? "none"), left };
}

it("takes the code that three runs agree on, whichever came first", async () => {
  const { make, left } = makerOf(["b", "a", "c", "a", "b", "a", "never"]);
  expect((await agreedOn(make)).toString()).toBe("a");
  expect(left).toEqual(["never"]);
});

it("makes nothing of runs that do not agree", async () => {
  const { make } = makerOf(Array.from({ length: 20 }, (_, index) => String(index)));
  await expect(agreedOn(make)).rejects.toThrow("of 15 runs of the program no 3 gave the same compiled code");
});
