import { describe, expect, it } from "vitest";
import { accessOf } from "../../../src/build/access.ts";
import { UsageError } from "../../../src/errors.ts";

describe("by whose leave a build talks to registries", () => {
  it.each([
    [{}, { credentials: { kind: "shipped" } }],
    [{ noCredentials: true }, { credentials: { kind: "none" } }],
    [{ registrySecret: "push" }, { credentials: { kind: "secret", name: "push" } }],
    [{ serviceAccount: "builder" }, { credentials: { kind: "none" }, serviceAccount: "builder" }],
    [
      { serviceAccount: "builder", registrySecret: "push" },
      { credentials: { kind: "secret", name: "push" }, serviceAccount: "builder" },
    ],
  ])("%j", (request, access) => {
    expect(accessOf(request)).toEqual(access);
  });

  it.each([{ registrySecret: "a", noCredentials: true }, { registrySecret: "A b" }, { serviceAccount: "-x" }])(
    "refuses %j",
    (request) => {
      expect(() => accessOf(request)).toThrow(UsageError);
    },
  );
});
