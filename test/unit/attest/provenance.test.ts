import { describe, expect, it } from "vitest";
import { attestationsReadAll, needsAttesting } from "../../../src/attest/needs.ts";
import { provenanceOf } from "../../../src/attest/provenance.ts";
import type { BuildPlan } from "../../../src/plan/plan.ts";
import { InvalidInput } from "../../../src/errors.ts";
import { PLAN, planInCluster } from "../plan/sample.ts";

const PIN = `sha256:${"a".repeat(64)}`;
const DIGEST = `sha256:${"b".repeat(64)}`;
const COMMIT = "0123456789abcdef".repeat(3).slice(0, 40);
const TIMES = { startedOn: new Date("2026-01-02T03:04:05.678Z"), finishedOn: new Date("2026-01-02T03:05:06Z") };

function planOf(attributes: Record<string, string>, change: Partial<BuildPlan> = {}): BuildPlan {
  return {
    ...PLAN,
    dockerfile: { path: "Dockerfile", text: `FROM alpine@${PIN} AS a\nFROM r.io/base:2\nCOPY --from=a /x /x\n` },
    buildArgs: [
      ["VERSION", "1"],
      ["KEY", "perhaps a secret"],
    ],
    secrets: [{ id: "npm", source: { kind: "env", name: "NPM" } }],
    attestations: [{ type: "provenance", attributes }],
    ...change,
  };
}

describe("provenance made by the client", () => {
  it("names the inputs of the build, without values of build arguments", () => {
    const statement = provenanceOf(planOf({}), DIGEST, TIMES);
    expect(statement).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "registry.example.com/team/app:1.0", digest: { sha256: "b".repeat(64) } }],
      predicateType: "https://slsa.dev/provenance/v1",
      predicate: {
        buildDefinition: {
          externalParameters: { buildArgs: ["KEY", "VERSION"], secrets: ["npm"], noCache: false },
          internalParameters: { builder: PLAN.builder, builderImage: PLAN.builderImage },
          resolvedDependencies: [
            { uri: "docker-image://alpine", digest: { sha256: "a".repeat(64) } },
            { uri: "docker-image://r.io/base:2" },
          ],
        },
        runDetails: {
          builder: { id: `https://slipway.dev/builders/${PLAN.builder}`, version: { slipway: PLAN.version } },
          metadata: {
            invocationId: PLAN.name,
            startedOn: "2026-01-02T03:04:05Z",
            finishedOn: "2026-01-02T03:05:06Z",
          },
        },
      },
    });
    expect(JSON.stringify(statement)).not.toContain("perhaps a secret");
  });

  it.each([
    ["#v1:web", { uri: "git+https://h/a.git@v1" }],
    [`#${COMMIT}`, { uri: `git+https://h/a.git@${COMMIT}`, digest: { gitCommit: COMMIT } }],
    [`?branch=b&commit=${COMMIT}`, { uri: "git+https://h/a.git@refs/heads/b", digest: { gitCommit: COMMIT } }],
    ["?commit=abcd", { uri: "git+https://h/a.git@abcd" }],
    ["", { uri: "git+https://h/a.git" }],
  ])("names the cloned repository %s, without a digest that the client does not know", (rest, material) => {
    const plan = planInCluster(`https://h/a.git${rest}`, { file: "Dockerfile.web" });
    expect(provenanceOf(plan, DIGEST, TIMES)).toMatchObject({
      predicate: {
        buildDefinition: {
          externalParameters: { context: `https://h/a.git${rest}`, dockerfile: { path: "Dockerfile.web" } },
          resolvedDependencies: [material],
        },
      },
    });
  });

  it("has the values of build arguments in mode max, and the given builder id", () => {
    const statement = provenanceOf(planOf({ mode: "max", "builder-id": "https://ci.example.com" }), DIGEST, TIMES);
    expect(statement).toMatchObject({
      predicate: {
        buildDefinition: { externalParameters: { buildArgs: { VERSION: "1", KEY: "perhaps a secret" } } },
        runDetails: { builder: { id: "https://ci.example.com" } },
      },
    });
  });
});

describe("attesting after the push", () => {
  it("needs the client, unless the builder attests", () => {
    expect(needsAttesting(planOf({ mode: "min" }), false)).toBe(true);
    expect(needsAttesting(planOf({ mode: "min" }), true)).toBe(false);
    expect(needsAttesting({ ...PLAN, sign: "" }, true)).toBe(true);
    expect(needsAttesting(PLAN, false)).toBe(false);
    const sbom: BuildPlan = { ...PLAN, attestations: [{ type: "sbom", attributes: {} }] };
    expect([needsAttesting(sbom, false), needsAttesting(sbom, true)]).toEqual([true, false]);
  });

  it("needs no more of the context, unless the builder attests", () => {
    const attestations: BuildPlan["attestations"] = [{ type: "sbom", attributes: {} }];
    expect(attestationsReadAll({ attestations }, false)).toBeUndefined();
    expect(attestationsReadAll({ attestations }, true)).toBe("an attestation may use all of it");
    expect(attestationsReadAll({}, true)).toBeUndefined();
  });

  it.each([
    [planOf({}, { tags: [] }), "this build does not push"],
    [{ ...PLAN, tags: [], attestations: [{ type: "sbom", attributes: {} }] }, "this build does not push"],
    [{ ...PLAN, sign: "", noPush: true } satisfies BuildPlan, "this build does not push"],
    [planOf({ mode: "most" }), "--provenance mode=most is not supported with kaniko, whose provenance slipway makes"],
    [planOf({ reproducible: "true" }), "--provenance reproducible=true is not supported with"],
  ])("is refused if it cannot be done", (plan, message) => {
    expect(() => needsAttesting(plan, false)).toThrow(InvalidInput);
    expect(() => needsAttesting(plan, false)).toThrow(message);
  });
});
