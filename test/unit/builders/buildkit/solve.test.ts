import { expect, it } from "vitest";
import { outputArguments } from "../../../../src/builders/buildkit/arguments.ts";
import { exportersOf } from "../../../../src/builders/buildkit/solve.ts";
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
