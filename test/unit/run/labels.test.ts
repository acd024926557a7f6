/** Which Jobs are slipway's: nobody can make another Job one of them by labels. */
import type { V1Job } from "@kubernetes/client-node";
import { expect, it } from "vitest";
import { kaniko } from "../../../src/builders/kaniko/kaniko.ts";
import { LABEL, isMadeAsBuild, madeWith } from "../../../src/run/labels.ts";
import { objectsOf } from "../../../src/run/objects.ts";
import { deliverByConfigMap } from "../../../src/ship/choose.ts";
import { PLAN } from "../plan/sample.ts";

const jobOf = (plan = PLAN): V1Job =>
  objectsOf(plan, kaniko.pod(plan, "archive"), deliverByConfigMap(Buffer.from("x"), plan.name)).job;

it.each<[string, (job: V1Job) => V1Job, boolean]>([
  ["a build's Job", (job) => job, true],
  ["one whose own labels somebody has removed", (job) => ({ ...job, metadata: { ...job.metadata, labels: {} } }), true],
  ["one with another name", (job) => ({ ...job, metadata: { ...job.metadata, name: "slipway-app-x" } }), false],
  [
    "another Job that somebody has labelled",
    (job) => ({ ...job, spec: { template: { metadata: { labels: { app: "web" } } } } }),
    false,
  ],
  [
    "one that takes pods it has not made",
    (job) => ({ ...job, spec: { ...job.spec, manualSelector: true } as never }),
    false,
  ],
  ["an empty object", () => ({}), false],
])("%s is slipway's: %s", (_, change, expected) => {
  expect(isMadeAsBuild(change(jobOf()))).toBe(expected);
});

it("a pod template of the user's cannot change slipway's own labels", () => {
  const labels = { [LABEL.managedBy]: "helm", [LABEL.build]: "x", team: "web" };
  const job = jobOf({ ...PLAN, podTemplate: { file: "pod.yaml", metadata: { labels } } });
  expect(isMadeAsBuild(job)).toBe(true);
  expect(madeWith(job)).toMatchObject({ [LABEL.managedBy]: "slipway", team: "web" });
});
