/** Further nodes of the test cluster, and pods on them. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll, vi } from "vitest";
import { kubectl } from "./kubectl.ts";
import type { TestNamespace } from "./namespace.ts";
import { WAIT } from "./wait.ts";

const UP = new URL("../../cluster/up", import.meta.url).pathname;

/** `node-1` and `node-2` are of the machine's own architecture, `node-3` is of arm64. */
export const NODES = ["node-1", "node-2", "node-3"] as const;
export type NodeName = (typeof NODES)[number];

/**
 * Adds the nodes that do not run yet. Only namespaces made with `nodes: "all"` have pods on them.
 * The time is for compiling, which `make e2e` has done before.
 */
export function useNodes(): void {
  beforeAll(async () => {
    if (process.env["SLIPWAY_TEST_KUBECONFIG"] !== undefined) {
      throw new Error("SLIPWAY_TEST_KUBECONFIG: these tests need the nodes of test/cluster");
    }
    await promisify(execFile)(UP, ["--nodes", "3", "--with", "all-builders"]);
  }, 3_600_000);
}

export interface TestPod {
  readonly name: string;
  readonly node: NodeName;
  readonly image: string;
  /** Of a shell. */
  readonly script: string;
}

export async function startPod(namespace: TestNamespace, { name, node, image, script }: TestPod): Promise<void> {
  const container = { name: "main", image, command: ["sh", "-c", script] };
  const spec = {
    nodeSelector: { "kubernetes.io/hostname": node },
    restartPolicy: "Never",
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [container],
  };
  await kubectl(
    ["create", "-n", namespace.name, "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec }),
  );
}

/** What a pod printed until it ended. @throws Error when its script fails. */
export async function runPod(namespace: TestNamespace, pod: TestPod): Promise<string> {
  await startPod(namespace, pod);
  const phase = await vi.waitFor(async () => {
    const now = await podField(namespace, pod.name, "{.status.phase}");
    if (now !== "Succeeded" && now !== "Failed") throw new Error(`${pod.name} on ${pod.node} is still ${now}`);
    return now;
  }, WAIT);
  const printed = await kubectl(["logs", "-n", namespace.name, pod.name]);
  if (phase === "Failed") throw new Error(`${pod.name} on ${pod.node} failed: ${printed}`);
  return printed;
}

/** @param path a JSONPath template of kubectl */
export function podField(namespace: TestNamespace, name: string, path: string): Promise<string> {
  return kubectl(["get", "pod", "-n", namespace.name, name, "-o", `jsonpath=${path}`]);
}
