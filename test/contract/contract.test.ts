/** The contract of `docker build`: one test for each row of the table of its flags. `npm run contract` */
import { expect, test } from "vitest";
import { FLAG_TABLE } from "../../src/plan/docker/flag-table.ts";
import { CASES } from "./cases.ts";
import { compareWithDocker } from "./compare-with-docker.ts";

test("every flag has a case", () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(FLAG_TABLE).sort());
});

compareWithDocker("flags", Object.fromEntries(Object.entries(CASES).map(([name, one]) => [`--${name}`, one])));
