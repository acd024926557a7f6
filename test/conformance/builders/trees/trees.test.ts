/** Builds one Dockerfile with all five builders: the images are equal, except for the listed and explained differences. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { setUp } from "../bench.ts";
import type { Benches } from "../bench.ts";
import { WAYS, isWay } from "../columns.ts";
import { compareBuilders } from "./compare.ts";
import { unexplained } from "./reasons.ts";
import { readComparison } from "./record.ts";

let benches: Benches;
beforeAll(async () => {
  benches = await setUp();
});
afterAll(() => benches[Symbol.asyncDispose]());

test(
  "the images of five builders from one Dockerfile differ only as docs/reference/builders.md says",
  { tags: ["long"] },
  async () => {
    const differences = await compareBuilders(benches, WAYS, 3);
    const surprises = Object.entries(differences).flatMap(([builder, found]) =>
      isWay(builder) ? unexplained(builder, found) : [`${builder} is not a builder`],
    );
    expect(surprises).toEqual([]);
    expect(differences).toEqual((await readComparison()).differences);
  },
);
