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
  expect([...(exportersOf(plan)[0]?.attrs ?? [])]).toEqual(pairs);
});
