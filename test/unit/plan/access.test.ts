import { describe, expect, it } from "vitest";
import { accessOf, scopesOf } from "../../../src/plan/access.ts";
import { parseReference } from "../../../src/lib/image/reference.ts";
import { InvalidInput } from "../../../src/errors.ts";

describe("credentials and ServiceAccount of a build", () => {
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

  it.each([
    { registrySecret: "a", noCredentials: true },
    { registrySecret: "A b" },
    { serviceAccount: "-x" },
    { noCredentials: true, registryTokens: true },
    { registrySecret: "a", registryTokens: true },
    { registryTokens: true, baseRegistries: ["r.io"] },
  ])("refuses %j", (request) => {
    expect(() => accessOf(request)).toThrow(InvalidInput);
  });

  it("asks for each repository once, and to push where it is also written", () => {
    const [busybox, app, other] = ["busybox:1", "r.io/app:1", "r.io/app:2"].map((text) => parseReference(text));
    if (busybox === undefined || app === undefined || other === undefined) throw new Error("no references");
    expect(scopesOf([busybox, app], [other])).toEqual([
      { registry: "docker.io", scope: "repository:library/busybox:pull" },
      { registry: "r.io", scope: "repository:app:pull,push" },
    ]);
  });
});
