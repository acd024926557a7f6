import type { V1Node } from "@kubernetes/client-node";
import { expect, it } from "vitest";
import { decideByNodes } from "../../../src/run/node-decisions.ts";
import { FakeCluster } from "../../fakes/fake-cluster.ts";
import { planOf } from "../plan/sample.ts";

const node = (arch: string): V1Node => ({
  metadata: { labels: { "kubernetes.io/arch": arch } },
  status: { runtimeHandlers: [{ name: "", features: { userNamespaces: true } }] },
});

it("the nodes are listed once for all that they decide", async () => {
  const cluster = new FakeCluster();
  let lists = 0;
  cluster.list = () => {
    lists += 1;
    return Promise.resolve([node("s390x"), node("s390x"), node("riscv64")] as never);
  };
  const plan = planOf({ pod: { userns: "auto" } });
  const decided = await decideByNodes(plan, cluster, new AbortController().signal);
  expect(decided.plan).toMatchObject({ userns: "always", platform: { os: "linux", arch: "s390x" } });
  expect(decided.note).toContain("building for linux/s390x");
  expect(lists).toBe(1);
});
