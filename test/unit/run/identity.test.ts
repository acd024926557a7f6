import type { V1Pod } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { inputsName } from "../../../src/plan/inputs-name.ts";
import { identityOf, isPodOf, podOf } from "../../../src/run/identity.ts";

const JOB = { name: "slipway-app-x", uid: "uid-of-the-job" };

function podBy(
  uid: string,
  name: string,
  more: { kind?: string; controller?: boolean; deleted?: boolean } = {},
): V1Pod {
  const { kind = "Job", controller = true, deleted = false } = more;
  return {
    metadata: {
      name,
      labels: { "batch.kubernetes.io/job-name": JOB.name },
      ownerReferences: [{ apiVersion: "batch/v1", kind, name: JOB.name, uid, controller }],
      ...(deleted ? { deletionTimestamp: new Date(0) } : {}),
    },
  };
}

describe("a build's pod", () => {
  const own = podBy(JOB.uid, "own");

  it("is the one that the Job with this uid controls, even if labels and names say otherwise", () => {
    expect(isPodOf(own, JOB)).toBe(true);
    for (const pod of [
      podBy("another uid", "forged"),
      podBy(JOB.uid, "forged", { kind: "ReplicaSet" }),
      podBy(JOB.uid, "forged", { controller: false }),
      { metadata: { name: "forged", labels: { "batch.kubernetes.io/job-name": JOB.name } } },
    ]) {
      expect(isPodOf(pod, JOB)).toBe(false);
      expect(podOf([pod, own], JOB)).toBe(own);
    }
  });

  it("of a Job without a uid is not found", () => {
    expect(isPodOf(podBy("", "x"), identityOf({ metadata: { name: JOB.name } }))).toBe(false);
  });

  it("is unknown when several claim to be it, unless the others are being deleted", () => {
    const old = podBy(JOB.uid, "old", { deleted: true });
    expect(podOf([own, podBy(JOB.uid, "forged")], JOB)).toBe("several");
    expect(podOf([old, own], JOB)).toBe(own);
    expect(podOf([old], JOB)).toBe(old);
  });
});

describe("the name of a build's Secret and ConfigMap", () => {
  it("follows from the build's name only, and is never the build's name", () => {
    expect(inputsName("slipway-app-x")).toMatch(/^slipway-app-x-[0-9a-f]{16}$/);
    expect(inputsName("slipway-app-x")).toBe(inputsName("slipway-app-x"));
    expect(inputsName("slipway-app-y").slice(-16)).not.toBe(inputsName("slipway-app-x").slice(-16));
  });
});
