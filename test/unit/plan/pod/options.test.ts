import { describe, expect, it } from "vitest";
import { planOf } from "../sample.ts";

const podOf = (pod: NonNullable<Parameters<typeof planOf>[0]>["pod"]) => planOf(pod === undefined ? {} : { pod });

describe("where a build runs", () => {
  it("a build runs on any node by default", () => {
    const plan = planOf({ pod: {} });
    expect(plan).not.toHaveProperty("nodeSelector");
    expect(plan).not.toHaveProperty("tolerations");
    expect(plan).not.toHaveProperty("resources");
  });

  it("node selectors are labels, and tolerations are written as kubectl writes taints", () => {
    const plan = podOf({
      nodeSelector: ["disk=ssd", "example.com/pool=builds", "empty="],
      tolerations: ["dedicated=builds:NoSchedule", "spot", "gone:NoExecute", "zone=b"],
      runtimeClass: "gvisor",
    });
    expect(plan.nodeSelector).toEqual({ disk: "ssd", "example.com/pool": "builds", empty: "" });
    expect(plan.tolerations).toEqual([
      { key: "dedicated", operator: "Equal", value: "builds", effect: "NoSchedule" },
      { key: "spot", operator: "Exists" },
      { key: "gone", operator: "Exists", effect: "NoExecute" },
      { key: "zone", operator: "Equal", value: "b" },
    ]);
    expect(plan.runtimeClass).toBe("gvisor");
  });

  it.each([
    [{ nodeSelector: ["ssd"] }, "--node-selector ssd is not a label"],
    [{ nodeSelector: ["a b=c"] }, "--node-selector a b=c is not a label"],
    [{ nodeSelector: [`a=${"x".repeat(64)}`] }, `--node-selector a=${"x".repeat(64)} is not a label`],
    [{ tolerations: ["=x"] }, "--toleration =x is not a taint"],
    [{ tolerations: ["a:Never"] }, "--toleration a:Never is not a taint"],
    [{ runtimeClass: "A B" }, "--runtime-class A B is not a name"],
    [{ requests: ["cpu"] }, "--requests cpu is not a resource and its quantity"],
    [{ limits: ["memory=2GB"] }, "--limits memory=2GB is not a resource and its quantity"],
    [{ limits: ["memory=-1Gi"] }, "--limits memory=-1Gi is not a resource and its quantity"],
    [
      { requests: ["cpu=2"], limits: ["cpu=1500m"] },
      "the builder requests cpu 2, which is more than its limit of 1500m",
    ],
    [{ allowUnsafe: true }, "--allow-unsafe-template has no effect without a pod template"],
  ])("is refused in a sentence: %j", (pod, sentence) => {
    expect(() => planOf({ pod })).toThrow(sentence);
  });

  it("cannot contradict --platform", () => {
    const docker = { platform: ["linux/arm64"] };
    expect(() => planOf({ docker, pod: { nodeSelector: ["kubernetes.io/arch=amd64"] } })).toThrow(
      "--platform needs a node of arm64, but --node-selector asks for kubernetes.io/arch=amd64",
    );
    expect(planOf({ docker, pod: { nodeSelector: ["kubernetes.io/arch=arm64"] } }).nodeSelector).toEqual({
      "kubernetes.io/arch": "arm64",
    });
  });
});

describe("what a build may use", () => {
  it("resources are written as in Kubernetes, and override docker's own flags", () => {
    const plan = planOf({
      docker: { memory: "1g", "cpu-quota": "50000" },
      pod: { requests: ["cpu=250m,ephemeral-storage=5Gi"], limits: ["memory=8Gi", "nvidia.com/gpu=1"] },
    });
    expect(plan.resources).toEqual({
      requests: { memory: "1073741824", cpu: "250m", "ephemeral-storage": "5Gi" },
      limits: { memory: "8Gi", cpu: "500m", "nvidia.com/gpu": "1" },
    });
  });
});
