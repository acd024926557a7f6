import { describe, expect, it } from "vitest";
import { outcomeError } from "../../../src/builders/outcome.ts";
import { loadBackend } from "../../../src/builders/table.ts";
import { BACKEND_NAMES, isBackendName } from "../../../src/plan/builder-names.ts";
import { EXIT, exitCodeOf } from "../../../src/cli/exit-codes.ts";

describe("the builders", () => {
  it.each(BACKEND_NAMES)("%s calls itself so, names its image with a version and says what it can", async (name) => {
    const backend = await loadBackend(name);
    expect(backend.name).toBe(name);
    // Nobody publishes img any more.
    expect(backend.defaultImage ?? "u/unpublished:1").toMatch(/^[^:]+\/[^:]+:v?\d/);
    expect(backend.supports).toContain("build");
  });

  it("are no others", () => {
    expect(isBackendName("kaniko")).toBe(true);
    for (const name of ["", "docker", "constructor", "__proto__"]) expect(isBackendName(name)).toBe(false);
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
