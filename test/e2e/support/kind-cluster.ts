/** The nodes of a kind cluster in an engine: containers with the test cluster's containerd stand for them. */
import { dirname } from "node:path";
import { beforeAll, vi } from "vitest";
import { BUSYBOX } from "./build.ts";
import type { TestEngine } from "./engine.ts";
import { compiled } from "./compiled.ts";
import { WAIT } from "./wait.ts";

export interface KindCluster {
  readonly nodes: readonly string[];
  /** Runs containerd's client in a node, in Kubernetes' namespace of it. */
  ctr(node: string, ...args: readonly string[]): Promise<string>;
}

/** Starts the nodes of the cluster "lab" before the file's tests. They end with the engine. */
export function useKindCluster(engine: TestEngine): KindCluster {
  const nodes = ["lab-control-plane", "lab-worker"];
  const ctr = (node: string, ...args: readonly string[]): Promise<string> =>
    engine.docker("exec", node, "ctr", "--namespace=k8s.io", ...args);
  beforeAll(async () => {
    const programs = dirname(compiled("containerd", "ctr"));
    for (const node of nodes) {
      const labels = ["--label=io.x-k8s.kind.cluster=lab", `--label=io.x-k8s.kind.role=${node.slice("lab-".length)}`];
      // What kind's nodes have by --privileged.
      const rights = ["--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined"];
      const volumes = [`--volume=${programs}:/programs:ro`, "--volume=/var/lib/containerd"];
      const start = "cp /programs/ctr /programs/containerd /bin/ && exec containerd";
      const command = ["--network=none", BUSYBOX, "sh", "-c", start];
      await engine.docker("run", "-d", `--name=${node}`, ...labels, ...rights, ...volumes, ...command);
      await vi.waitFor(() => ctr(node, "version"), WAIT);
    }
  }, WAIT.timeout);
  return { nodes, ctr };
}
