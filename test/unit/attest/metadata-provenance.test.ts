import { describe, expect, it } from "vitest";
import { metadataProvenance, metadataProvenanceOf } from "../../../src/attest/metadata-provenance.ts";
import { PLAN } from "../plan/sample.ts";

const PIN = `sha256:${"a".repeat(64)}`;
const TIMES = { startedOn: new Date("2026-01-02T03:04:05.678Z"), finishedOn: new Date("2026-01-02T03:05:06Z") };

describe("BUILDX_METADATA_PROVENANCE", () => {
  it.each([
    [undefined, "min"],
    ["", "min"],
    ["min", "min"],
    ["nonsense", "min"],
    ["true", "min"],
    ["max", "max"],
    ["disabled", "disabled"],
    ["false", "disabled"],
    ["0", "disabled"],
  ])("%j means %s", (text, mode) => {
    expect(metadataProvenanceOf(text)).toBe(mode);
  });
});

describe("provenance in the metadata file", () => {
  const plan = {
    ...PLAN,
    dockerfile: {
      path: "/src/docker/app.Dockerfile",
      text: `FROM alpine@${PIN} AS a\nFROM r.io/team/base:2\nFROM $X\n`,
    },
    buildArgs: [
      ["V", "1"],
      ["A", "2"],
    ] as const,
    labels: [["l", "m"]] as const,
    target: "2",
    noCache: true,
    hosts: [{ host: "db", ip: "10.0.0.1" }],
    secrets: [{ id: "npm", source: { kind: "env", name: "NPM" } as const }],
  };

  it("has BuildKit's keys, and by default only parts that are the same in each build", () => {
    expect(metadataProvenance({ ...plan, target: "1" }, "min", TIMES, "linux/amd64")).toEqual({
      builder: { id: "https://slipway.dev/builders/kaniko" },
      buildType: "https://slipway.dev/provenance/dockerfile/v1",
      materials: [{ uri: "pkg:docker/r.io/team/base@2?platform=linux%2Famd64" }],
      invocation: {
        configSource: { entryPoint: "app.Dockerfile" },
        parameters: {
          frontend: "dockerfile.v0",
          args: {
            "add-hosts": "db=10.0.0.1",
            "build-arg:A": "2",
            "build-arg:V": "1",
            "label:l": "m",
            "no-cache": "",
            target: "1",
          },
          secrets: [{ id: "npm", optional: true }],
          locals: [{ name: "context" }, { name: "dockerfile" }],
        },
        environment: { platform: "linux/amd64" },
      },
    });
    expect(metadataProvenance({ ...plan, target: "0" }, "min", TIMES, undefined)).toMatchObject({
      materials: [{ uri: `pkg:docker/alpine?digest=${PIN}`, digest: { sha256: "a".repeat(64) } }],
      invocation: { environment: {} },
    });
  });

  it("has times and the build's name in mode max", () => {
    expect(metadataProvenance({ ...plan, target: "0" }, "max", TIMES, undefined)).toMatchObject({
      metadata: {
        buildInvocationID: PLAN.name,
        buildStartedOn: "2026-01-02T03:04:05Z",
        buildFinishedOn: "2026-01-02T03:05:06Z",
        completeness: { parameters: true, environment: false, materials: false },
      },
    });
  });
});
