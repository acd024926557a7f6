import { describe, expect, it } from "vitest";
import { outcomeError } from "../../../src/builders/outcome.ts";
import { loadBuilder } from "../../../src/builders/table.ts";
import { BUILDER_NAMES, isBuilderName } from "../../../src/plan/builder-names.ts";
import { EXIT, exitCodeOf } from "../../../src/cli/exit-codes.ts";

describe("the builders", () => {
  it.each(BUILDER_NAMES)("%s calls itself so, names its image with a version and says what it can", async (name) => {
    const builder = await loadBuilder(name);
    expect(builder.name).toBe(name);
    // Nobody publishes img any more.
    expect(builder.defaultImage ?? "u/unpublished:1").toMatch(/^[^:]+\/[^:]+:v?\d/);
    expect(builder.supports).toContain("build");
  });

  it("has no other builders", () => {
    expect(isBuilderName("kaniko")).toBe(true);
    for (const name of ["", "docker", "constructor", "__proto__"]) expect(isBuilderName(name)).toBe(false);
  });
});

it.each([
  ["build", EXIT.buildFailed],
  ["registry-auth", EXIT.unauthorised],
  ["cluster", EXIT.cluster],
] as const)("a failure by fault of %s ends with %i", (fault, exit) => {
  const error = outcomeError({ kind: "failed", fault, message: "it failed", suggestions: ["Mend it."] });
  expect(exitCodeOf(error)).toBe(exit);
  expect(error).toMatchObject({ message: "it failed", suggestions: ["Mend it."] });
});
