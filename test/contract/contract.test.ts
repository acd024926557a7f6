/** The contract of `docker build`, a test a row of the table of its flags: `npm run contract`. */
import { describe, expect, test } from "vitest";
import { FLAG_TABLE } from "../../src/docker/flag-table.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { setUp } from "./case.ts";
import { CASES } from "./cases.ts";
import { isSlipway } from "./look-alike.ts";

const namespace = useNamespace();

test("every flag has a case", () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(FLAG_TABLE).sort());
});

describe("--", () => {
  const applicable = Object.entries(CASES).filter(([, { slipwayOnly }]) => isSlipway || slipwayOnly !== true);
  test.for(applicable)("%s", async ([, { files, act }]) => {
    expect.hasAssertions();
    await act(await setUp(namespace.name, files));
  });
});
