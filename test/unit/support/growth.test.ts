import { describe, expect, it } from "vitest";
import { MOST_GROWTH, growthOf } from "./growth.ts";

/** As much work as steps. */
function spin(steps: number): number {
  let sum = 0;
  for (let step = 0; step < steps; step += 1) sum = (sum * 31 + step) % 65_521;
  return sum;
}

const input = (size: number): number => size;

describe("the growth of work", () => {
  it("that is linear is about 64", () => {
    const growth = growthOf({ input, work: (size) => spin(size * 50), size: 20_000 });
    expect(growth).toBeGreaterThan(20);
    expect(growth).toBeLessThan(200);
    const sorts = { input, work: (size: number) => spin(size * Math.log2(size) * 5), size: 20_000 };
    expect(growthOf(sorts)).toBeLessThan(MOST_GROWTH);
    expect(growthOf({ input, work: () => undefined, size: 20_000 })).toBeLessThan(MOST_GROWTH);
  });

  it("that is quadratic is told apart", () => {
    expect(growthOf({ input, work: (size) => spin(size ** 2 / 2), size: 1000 })).toBeGreaterThan(MOST_GROWTH);
  });

  it("that is exponential is told apart before it never ends", () => {
    expect(growthOf({ input, work: (size) => spin(2 ** Math.min(size, 26)), size: 50_000 })).toBe(Infinity);
  });
});
