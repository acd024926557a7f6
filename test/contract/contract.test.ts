/** The contract of `docker build`, a test a row of the table of its flags: `npm run contract`. */
import { expect, test } from "vitest";
import { FLAG_TABLE } from "../../src/plan/docker/flag-table.ts";
import { CASES } from "./cases.ts";
import { holdAgainstDocker } from "./hold.ts";

test("every flag has a case", () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(FLAG_TABLE).sort());
});

holdAgainstDocker("flags", Object.fromEntries(Object.entries(CASES).map(([name, one]) => [`--${name}`, one])));
