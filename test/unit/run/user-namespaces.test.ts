import type { V1Node } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { decideUserns, haveUserNamespaces } from "../../../src/run/user-namespaces.ts";
import { AuthError } from "../../../src/errors.ts";
import { FakeCluster } from "../../fakes/fake-cluster.ts";
import { planOf } from "../plan/sample.ts";

const node = (can: boolean | undefined, unschedulable = false): V1Node => ({
  spec: { unschedulable },
  status: can === undefined ? {} : { runtimeHandlers: [{ name: "", features: { userNamespaces: can } }] },
});

describe("whether all nodes support user namespaces, when", () => {
  it.each([
    ["each of them does", [node(true), node(true)], true],
    ["one does not", [node(true), node(false)], false],
    ["one is too old to report it", [node(true), node(undefined)], false],
    ["the one that does not takes no pods", [node(true), node(false, true)], true],
    ["there are no nodes", [], false],
    ["there are more than 100 nodes", Array.from({ length: 101 }, () => node(true)), false],
    [
      "only another runtime does",
      [{ status: { runtimeHandlers: [{ name: "kata", features: { userNamespaces: true } }] } }],
      false,
    ],
  ])("%s", (_, nodes, can) => {
    expect(haveUserNamespaces(nodes)).toBe(can);
  });
});

describe("--userns", () => {
  const cluster = (nodes: V1Node[]): FakeCluster => {
    const fake = new FakeCluster();
    fake.list = (kind, selector) => {
      fake.calls.push({ verb: "list", of: kind, detail: selector });
      return Promise.resolve(nodes as never);
    };
    return fake;
  };
  const { signal } = new AbortController();

  it("auto lists the nodes that may take the pod, once", async () => {
    const fake = cluster([node(true)]);
    const plan = planOf({ pod: { userns: "auto", nodeSelector: ["pool=builds"] } });
    expect((await decideUserns(plan, fake, signal)).userns).toBe("always");
    expect(fake.calls).toEqual([
      { verb: "list", of: "nodes", detail: { labelSelector: "kubernetes.io/os=linux,pool=builds", limit: "101" } },
    ]);
  });

  it("auto sets nothing if the nodes do not support it or may not be listed", async () => {
    const plan = planOf({ pod: { userns: "auto" } });
    expect(await decideUserns(plan, cluster([node(false)]), signal)).not.toHaveProperty("userns");
    const fake = cluster([]);
    fake.list = () => Promise.reject(new AuthError("no"));
    expect(await decideUserns(plan, fake, signal)).not.toHaveProperty("userns");
  });

  it.each([
    { pod: { userns: "auto" as const, runtimeClass: "kata" } },
    { pod: { userns: "auto" as const }, transport: "pvc" },
    { pod: { userns: "auto" as const }, transport: "cache" },
    { pod: { userns: "auto" as const }, cacheVolume: "state" },
  ])("auto lists no nodes for %j", async (request) => {
    const fake = cluster([node(true)]);
    expect(await decideUserns(planOf(request), fake, signal)).not.toHaveProperty("userns");
    expect(fake.calls).toEqual([]);
  });

  it("always and never list no nodes", async () => {
    const fake = cluster([]);
    expect((await decideUserns(planOf({ pod: { userns: "always" } }), fake, signal)).userns).toBe("always");
    expect(await decideUserns(planOf({ pod: { userns: "never" } }), fake, signal)).not.toHaveProperty("userns");
    expect(fake.calls).toEqual([]);
  });

  it("never is refused with --security restricted, which implies always", () => {
    expect(() => planOf({ pod: { security: "restricted", userns: "never" } })).toThrow("exclude each other");
    expect(planOf({ pod: { security: "restricted", userns: "auto" } })).toMatchObject({
      userns: "always",
      restricted: true,
    });
  });
});

describe("--isolate", () => {
  it.each(["", "a b", "-x", "x".repeat(64)])("refuses the tenant %j", (isolate) => {
    expect(() => planOf({ pod: { isolate } })).toThrow(`--isolate=${isolate} is not a valid tenant name`);
  });

  it("accepts every value that a label can have", () => {
    expect(planOf({ pod: { isolate: "Team_1.a" } }).tenant).toBe("Team_1.a");
  });
});
