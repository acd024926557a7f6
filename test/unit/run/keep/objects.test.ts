import { expect, it } from "vitest";
import { buildkit } from "../../../../src/builders/buildkit/buildkit.ts";
import { instanceOf, keptObjects } from "../../../../src/run/keep/kept-builder.ts";
import { LABEL } from "../../../../src/run/labels.ts";
import { PLAN } from "../../plan/sample.ts";

const KEPT = { ...PLAN, builder: "buildkit" as const, builderImage: buildkit.defaultImage ?? "" };

it("a builder is found by the user namespace that was asked for, whatever the nodes decided", () => {
  const auto = { ...KEPT, userns: "auto" as const };
  const always = { ...KEPT, userns: "always" as const };
  expect(new Set([KEPT, auto, always].map(instanceOf)).size).toBe(3);
  const { job } = keptObjects(auto, "f1ngerpr1nt", always);
  expect(job.metadata?.labels?.[LABEL.keep]).toBe(instanceOf(auto));
  expect(job.spec?.template.spec?.hostUsers).toBe(false);
});

it("every object of a kept builder has the labels by which prune and ps leave it out", () => {
  const plan = {
    ...KEPT,
    registries: { ...PLAN.registries, insecure: ["plain.example.com:5000"] },
    egress: [],
  };
  const { job, configMap, networkPolicy } = keptObjects(plan, "f1ngerpr1nt");
  const objects = [job, job.spec?.template, configMap, networkPolicy];
  expect(objects).not.toContain(undefined);
  for (const object of objects) {
    expect(object?.metadata?.labels).toMatchObject({
      [LABEL.keep]: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      [LABEL.keepKey]: "f1ngerpr1nt",
    });
  }
});
