import { describe, expect, it } from "vitest";
import { nodesFor, snapshotterIn } from "../../../../../src/app/build/load/kind-nodes.ts";
import type { EngineClient, EngineContainer } from "../../../../../src/lib/engine/engine-client.ts";
import { parseReference } from "../../../../../src/lib/image/reference.ts";

const NAMED = { tags: [parseReference("app")] };

describe("the snapshotter of a node", () => {
  it.each([
    [
      "version 2 of containerd's configuration",
      '[plugins."io.containerd.grpc.v1.cri".containerd]\n  snapshotter = "fuse-overlayfs"\n',
      "fuse-overlayfs",
    ],
    [
      "version 3",
      "[plugins.'io.containerd.transfer.v1.local']\n  snapshotter = 'other'\n[plugins.'io.containerd.cri.v1.images']\n  snapshotter = 'native'\n  [plugins.'io.containerd.cri.v1.runtime']\n    snapshotter = ''\n",
      "native",
    ],
    ["a configuration without it", "version = 3\n", "overlayfs"],
  ])("in %s", (_, config, expected) => {
    expect(snapshotterIn(config)).toBe(expected);
  });
});

describe("the nodes of a kind cluster", () => {
  const container = (name: string, role: string): EngineContainer => ({
    id: name,
    name,
    labels: { "io.x-k8s.kind.cluster": "lab", "io.x-k8s.kind.role": role },
  });
  const clientOf = (all: readonly EngineContainer[]): EngineClient =>
    ({ containersWith: async (label: string) => (label === "io.x-k8s.kind.cluster=lab" ? all : []) }) as EngineClient;

  it("are its containers in which pods run", async () => {
    const nodes = [container("lab-control-plane", "control-plane"), container("lab-worker", "worker")];
    const client = clientOf([...nodes, container("lab-external-load-balancer", "external-load-balancer")]);
    expect(await nodesFor(NAMED, client, "lab")).toEqual(nodes);
  });

  it("have to exist", async () => {
    await expect(nodesFor(NAMED, clientOf([]), "other")).rejects.toThrow(
      'the engine runs no node of a kind cluster with the name "other"',
    );
  });
});
