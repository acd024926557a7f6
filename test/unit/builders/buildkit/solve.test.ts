import { describe, expect, it } from "vitest";
import { outputArguments } from "../../../../src/builders/buildkit/arguments.ts";
import { exportersOf, solveRequest } from "../../../../src/builders/buildkit/solve.ts";
import { OP } from "../../../../src/lib/buildkit/messages.ts";
import { decode } from "../../../../src/lib/buildkit/protobuf.ts";
import { csvPairs } from "../../../../src/lib/pflag/csv.ts";
import type { BuildPlan } from "../../../../src/plan/plan.ts";
import { PLAN } from "../../plan/sample.ts";

it.each<[string, Partial<BuildPlan>]>([
  ["an image that is pushed", {}],
  ["an image with annotations", { annotations: [["a", "b"]] }],
  ["an image that is not pushed", { tags: [], names: [] }],
])("a kept builder exports %s as a builder in its own pod does", (_, fields) => {
  const plan: BuildPlan = { ...PLAN, builder: "buildkit", ...fields };
  const [first = ""] = outputArguments(plan);
  const pairs = csvPairs(first.replace(/^--output=/, ""), "output").filter(([name]) => name !== "type");
  const attributes = [...(exportersOf(plan)[0]?.attrs ?? [])].filter(([name]) => name !== "compression-level");
  expect(attributes).toEqual(pairs);
});

const levelsOf = (fields: Partial<BuildPlan>): (string | undefined)[] =>
  exportersOf({ ...PLAN, builder: "buildkit", ...fields }).map(({ attrs }) => attrs.get("compression-level"));

it("a kept builder compresses the image and archives quickly, if nothing else is asked for", () => {
  const archive = { kind: "archive", dest: "x", directory: false } as const;
  const exports = [
    { ...archive, format: "oci" },
    { ...archive, format: "docker", attributes: { "compression-level": "9" } },
    { ...archive, format: "oci", attributes: { compression: "zstd" } },
    { kind: "files", format: "tar", dest: "y" },
  ] as const;
  expect(levelsOf({ exports })).toEqual(["4", "4", "9", undefined, undefined]);
  expect(levelsOf({ imageAttributes: { compression: "gzip" } })).toEqual(["4"]);
  expect(levelsOf({ imageAttributes: { "compression-level": "0" } })).toEqual(["0"]);
  expect(levelsOf({ imageAttributes: { compression: "estargz" } })).toEqual([undefined]);
});

it("an image that is to be the same everywhere has BuildKit's own compression", () => {
  expect(levelsOf({ buildArgs: [["SOURCE_DATE_EPOCH", "0"]] })).toEqual([undefined]);
});

describe("the Dockerfile", () => {
  const inputs = (fields: Partial<BuildPlan>, name?: string): readonly unknown[] =>
    solveRequest({ ...PLAN, builder: "buildkit", ...fields }, "ref", "session", name).frontendInputs ?? [];

  it("is in the request, with an ignore file without rules, under the name that it has", () => {
    const [entry] = inputs({}, "web.Dockerfile") as { key: string; value: { def: Uint8Array[] } }[];
    expect(entry?.key).toBe("dockerfile");
    const made = decode(OP, Buffer.from(entry?.value.def[0] ?? []));
    expect(made.file?.actions.map(({ mkfile }) => mkfile?.path)).toEqual([
      "/web.Dockerfile",
      "/web.Dockerfile.dockerignore",
    ]);
    expect(made.file?.actions[0]?.mkfile?.data.toString()).toBe(PLAN.dockerfile.text);
  });

  it("is in it byte by byte, where it is not all UTF-8", () => {
    const bytes = Buffer.from([0x46, 0xff]);
    const [entry] = inputs({ dockerfile: { path: "Dockerfile", text: "F\ufffd", bytes } }, "Dockerfile") as {
      value: { def: Uint8Array[] };
    }[];
    const made = decode(OP, Buffer.from(entry?.value.def[0] ?? []));
    expect(made.file?.actions[0]?.mkfile?.data).toEqual(bytes);
  });

  it.each<[string, Partial<BuildPlan>, string | undefined]>([
    ["the builder reads it from a repository", {}, undefined],
    [
      "it is longer than a message should be",
      { dockerfile: { path: "Dockerfile", text: "#".repeat(2 << 20) } },
      "Dockerfile",
    ],
    [
      "an attestation names where it came from",
      { attestations: [{ type: "provenance", attributes: {} }] },
      "Dockerfile",
    ],
  ])("is not in it if %s", (_, fields, name) => {
    expect(inputs(fields, name)).toEqual([]);
  });
});
