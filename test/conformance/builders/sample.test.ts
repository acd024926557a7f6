/** Runs a sample of the conformance suite, and checks the page of the last full run. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setUp } from "./bench.ts";
import type { Benches } from "./bench.ts";
import { CASES } from "./cases/all.ts";
import { WAYS } from "./columns.ts";
import { surprise } from "./outcome.ts";
import { buildersPage } from "./page.ts";
import { readResults } from "./record.ts";
import { jobsFor } from "./suite.ts";
import { readComparison } from "./trees/record.ts";

let benches: Benches;
beforeAll(async () => {
  benches = await setUp();
});
afterAll(() => benches[Symbol.asyncDispose]());

const SAMPLE = new Set(["copy-chown-names", "run-modes"]);

test.concurrent.each([...WAYS])("%s does what the page says", async (builder) => {
  const { outcomes } = await readResults();
  const cases = CASES.filter(({ id }) => SAMPLE.has(id));
  const seen: string[] = [];
  const jobs = await jobsFor(cases, benches.of(builder), (one, outcome) => {
    expect(surprise(one, builder, outcome)).toBeUndefined();
    expect(outcome.kind).toBe(outcomes[one.id]?.[builder]?.kind);
    seen.push(one.id);
  });
  for (const job of jobs) await job();
  expect(new Set(seen)).toEqual(SAMPLE);
});

test("docs/reference/builders.md shows the last run", async () => {
  const page = await readFile(new URL("../../../docs/reference/builders.md", import.meta.url), "utf8");
  const plain = (text: string): string => text.replaceAll(/[ -]+/g, " ");
  expect(plain(page)).toBe(plain(buildersPage(await readResults(), await readComparison())));
});
