import { expect, it } from "vitest";
import { dockerfileWarnings } from "../../../../src/app/build/dockerfile-steps.ts";
import { PLAN } from "../../plan/sample.ts";

const warnings = (text: string, more: object = {}): Promise<string[]> =>
  dockerfileWarnings({ ...PLAN, dockerfile: { path: "Dockerfile", text }, ...more });

it("a build reports what --check finds, as BuildKit does", async () => {
  expect(await warnings("FROM a\nMAINTAINER me\n")).toEqual([
    "MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 2)",
  ]);
});

it.each([
  ["a Dockerfile without findings", "FROM a\n", {}],
  ["a check that the Dockerfile skips", "# check=skip=MaintainerDeprecated\nFROM a\nMAINTAINER me\n", {}],
  [
    "a check that the build argument skips",
    "FROM a\nMAINTAINER me\n",
    { buildArgs: [["BUILDKIT_DOCKERFILE_CHECK", "skip=all"]] },
  ],
])("%s has no warning", async (_, text, more) => {
  expect(await warnings(text, more)).toEqual([]);
});
