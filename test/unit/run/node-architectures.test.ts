import type { V1Node } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { architectureOf, checkNodes, decideArchitecture } from "../../../src/run/node-architectures.ts";
import type { BuildPlan } from "../../../src/plan/plan.ts";
import { ClusterError } from "../../../src/errors.ts";
import { PLAN } from "../plan/sample.ts";

const { signal } = new AbortController();

interface Shape {
  readonly taint?: string;
  readonly cordoned?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

function node(arch: string, { taint, cordoned = false, labels = {} }: Shape = {}): V1Node {
  return {
    metadata: { labels: { "kubernetes.io/arch": arch, ...labels } },
    spec: {
      unschedulable: cordoned,
      ...(taint === undefined ? {} : { taints: [{ key: taint, value: "yes", effect: "NoSchedule" }] }),
    },
  };
}

/** A cluster with these nodes; undefined: the user may not list them. */
function clusterOf(nodes: readonly V1Node[] | undefined): { list: () => Promise<never> } {
  return {
    list: () => (nodes === undefined ? Promise.reject(new Error("forbidden")) : Promise.resolve(nodes as never)),
  };
}

describe("a build without a platform", () => {
  const decide = (nodes: readonly V1Node[] | undefined, plan: Partial<BuildPlan> = {}, own = "amd64") =>
    decideArchitecture({ ...PLAN, ...plan }, clusterOf(nodes), own, signal);

  it("gets this machine's architecture where nodes differ, and the user is told", async () => {
    const { plan, note } = await decide([node("arm64"), node("arm64"), node("amd64")]);
    expect(plan.platform).toEqual({ os: "linux", arch: "amd64" });
    expect(note).toBe(
      "building for linux/amd64, as the nodes are of linux/arm64 and linux/amd64; --platform chooses another one, or several",
    );
  });

  it("gets the architecture of most nodes where none is like this machine", async () => {
    const { plan } = await decide([node("arm64"), node("s390x"), node("arm64")], {}, "amd64");
    expect(plan.platform?.arch).toBe("arm64");
  });

  it.each([
    ["all nodes are alike", [node("arm64"), node("arm64")]],
    ["there are no nodes", []],
    ["the user may not list them", undefined],
  ])("stays as it is if %s", async (_, nodes) => {
    expect(await decide(nodes)).toEqual({ plan: PLAN });
  });

  it("gets the only architecture whose nodes take its pod, as a namespace may let it onto the others, and nothing is said", async () => {
    const nodes = [node("arm64"), node("amd64", { cordoned: true }), node("amd64", { taint: "gpu" })];
    const { plan, note } = await decide(nodes);
    expect([plan.platform?.arch, note]).toEqual(["arm64", undefined]);
  });

  it("counts nodes whose taint the build tolerates", async () => {
    const tolerations = [{ key: "arm", operator: "Exists" as const }];
    const { plan } = await decide([node("amd64"), node("arm64", { taint: "arm" })], { tolerations }, "arm64");
    expect(plan.platform?.arch).toBe("arm64");
  });

  it.each<Partial<BuildPlan>>([
    { nodeSelector: { "kubernetes.io/arch": "arm64" } },
    { podTemplate: { file: "pod.yaml", spec: { nodeSelector: { "kubernetes.io/arch": "arm64" } } } },
    { platform: { os: "linux", arch: "arm64" } },
  ])("keeps what %j says", async (plan) => {
    expect(await decide([node("amd64"), node("arm64")], plan)).toEqual({ plan: { ...PLAN, ...plan } });
  });
});

describe("a platform", () => {
  const AMD = { os: "linux", arch: "amd64" };
  const ARM = { os: "linux", arch: "arm64" };
  const check = (nodes: readonly V1Node[] | undefined, plan: Partial<BuildPlan> = {}) =>
    checkNodes({ ...PLAN, ...plan }, [AMD, ARM], clusterOf(nodes), signal);

  it("without a node is refused in one sentence, with ways out", async () => {
    const error = await check([node("amd64"), node("s390x")]).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(ClusterError);
    expect((error as ClusterError).message).toBe(
      "the cluster has no node of linux/arm64: its nodes are of linux/amd64, linux/s390x",
    );
    expect((error as ClusterError).suggestions).toEqual([
      "Build only for platforms that have nodes: --platform linux/amd64,linux/s390x",
      expect.stringContaining("BUILDPLATFORM"),
      expect.stringContaining("binfmt_misc"),
    ]);
  });

  it("without a node only gives a warning where a service adds nodes", async () => {
    const nodes = [node("amd64", { labels: { "karpenter.sh/nodepool": "default" } })];
    expect(await check(nodes)).toBe(
      "the cluster has no node of linux/arm64: its nodes are of linux/amd64. The build waits until one is added",
    );
  });

  it.each([
    ["there is a node, though it takes no pods now", [node("amd64"), node("arm64", { cordoned: true })], {}],
    ["the user may not list nodes", undefined, {}],
    ["the selector says which nodes", [node("amd64")], { nodeSelector: { "kubernetes.io/arch": "amd64" } }],
  ] as const)("is not refused if %s", async (_, nodes, plan) => {
    expect(await check(nodes, plan)).toBeUndefined();
  });
});

it("Node's names of architectures are those of Kubernetes", () => {
  expect(["x64", "arm64", "ia32", "s390x"].map(architectureOf)).toEqual(["amd64", "arm64", "386", "s390x"]);
});
