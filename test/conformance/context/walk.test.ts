/** A sample of the comparison with BuildKit's walk; `CONFORMANCE_CASES` and `CONFORMANCE_SEED` make it larger or another. */
import { expect, test } from "vitest";
import { compareWalks } from "./compare.ts";

const count = Number(process.env["CONFORMANCE_CASES"] ?? 3000);
const seed = Number(process.env["CONFORMANCE_SEED"] ?? 1);

test(`${count} ignore files leave out what BuildKit leaves out`, { timeout: 600_000 }, async () => {
  const comparison = await compareWalks(count, seed);
  expect(comparison.differences).toEqual([]);
  // The cases would show little if most were refused or changed nothing.
  expect(comparison.refused).toBeLessThan(comparison.cases / 2);
  expect(comparison.mixed).toBeGreaterThan(comparison.cases / 5);
});
