import { beforeEach, expect, it } from "vitest";
import { chooseContexts, listContexts } from "../../../../src/app/builds/kept-contexts.ts";
import { contextTable } from "../../../../src/cli/print/tables.ts";
import { claimOf } from "../../../../src/ship/cache/claim.ts";
import { FakeCluster } from "../../../fakes/fake-cluster.ts";

const created = new Date("2026-01-01T00:00:00Z");
const claims = [
  claimOf({ name: "registry.example.com/team/app", size: "1Gi" }, 0, "1"),
  claimOf({ name: "/home/jane/tool", size: "2Gi" }, 0, "1"),
];
const [app = "", tool = ""] = claims.map(({ metadata }) => metadata?.name ?? "");
let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
  for (const claim of claims) {
    const { name = "", ...metadata } = claim.metadata ?? {};
    const object = {
      ...claim,
      metadata: { ...metadata, name, creationTimestamp: created },
      status: { phase: "Bound" },
    };
    cluster.stored.set(`persistentvolumeclaims/${name}`, object);
  }
  for (const [phase, claim] of [
    ["Running", app],
    ["Succeeded", tool],
  ]) {
    const metadata = {
      name: `pod-${phase}`,
      labels: { "app.kubernetes.io/managed-by": "slipway" },
      ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: `build-${phase}`, uid: "1", controller: true }],
    };
    const spec = { volumes: [{ name: "context", persistentVolumeClaim: { claimName: claim } }] };
    cluster.stored.set(`pods/pod-${phase}`, { metadata, spec, status: { phase } });
  }
});

const list = () => listContexts(cluster, new AbortController().signal);

it("kept contexts are listed with the builds that use them", async () => {
  expect(contextTable(await list(), Date.parse("2026-01-03T00:00:00Z"))).toBe(
    `NAME                           CLAIM${" ".repeat(app.length - 3)}SIZE  STATE  CREATED  USED BY
/home/jane/tool                ${tool.padEnd(app.length)}  2Gi   Bound  2 d ago  -
registry.example.com/team/app  ${app}  1Gi   Bound  2 d ago  build-Running
`,
  );
});

it("kept contexts are found by the name of their project or claim", async () => {
  const contexts = await list();
  expect(chooseContexts(contexts, ["/home/jane/tool", tool], false).map(({ claim }) => claim)).toEqual([tool]);
  expect(() => chooseContexts(contexts, ["other"], false)).toThrow('no context is kept under the name "other"');
});

it("kept contexts are not removed while a build uses them, except with force", async () => {
  const contexts = await list();
  expect(() => chooseContexts(contexts, [app], false)).toThrow("is in use by the build build-Running");
  expect(chooseContexts(contexts, [app], true)).toHaveLength(1);
});

it("kept contexts have valid Kubernetes names, one for each project and user", () => {
  const names = ["a", "A", "registry.example.com:5000/very/long/".repeat(9), "", "…"].map((name) =>
    claimOf({ name, size: "1Gi" }, 0, "1"),
  );
  const other = claimOf({ name: "a", size: "1Gi" }, 1000, "1");
  const all = [...names, other].map(({ metadata }) => metadata?.name ?? "");
  expect(new Set(all).size).toBe(all.length);
  for (const name of all) expect(name).toMatch(/^slipway-context-[a-z0-9](?:[a-z0-9-]{0,45}[a-z0-9])?$/);
});
