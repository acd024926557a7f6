/** Which architectures the nodes have: whether those that are wanted exist, and which one a build gets that names none. */
import type { V1Node } from "@kubernetes/client-node";
import { ClusterError } from "../errors.ts";
import type { Platform } from "../lib/image/platform.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { MAX_NODES, listLinuxNodes } from "./linux-nodes.ts";
import type { NodeSource } from "./linux-nodes.ts";

export const ARCH = "kubernetes.io/arch";
export const OS = "kubernetes.io/os";

/** What to do about a platform without a node. */
export const NO_NODE_REMEDIES = [
  "Let BuildKit cross-compile in one pod: FROM --platform=$BUILDPLATFORM, see docs/guides/several-platforms.md.",
  "Or, if the nodes emulate it (binfmt_misc), choose them in a --pod-template: spec.nodeSelector with kubernetes.io/arch.",
];

/** Labels of nodes that a service adds and removes as they are needed: GKE, EKS, AKS, Karpenter and Cluster API. */
const POOL_LABELS = [
  "cloud.google.com/gke-nodepool",
  "eks.amazonaws.com/nodegroup",
  "kubernetes.azure.com/agentpool",
  "karpenter.sh/nodepool",
  "cluster.x-k8s.io/owner-name",
];

/** A decision about a build's architecture. */
export interface DecidedArchitecture {
  readonly plan: BuildPlan;
  /** One sentence for the user; absent if there was nothing to decide. */
  readonly note?: string;
}

/**
 * The plan of a build without a platform, with the architecture that it gets where nodes differ: that of this machine, or else that of most
 * nodes that take its pod. Unchanged if the nodes are all of one architecture, or if the user may not list them. Never throws.
 * @param own architecture of this machine, as Kubernetes writes it
 */
export async function decideArchitecture(
  plan: BuildPlan,
  cluster: NodeSource,
  own: string,
  signal: AbortSignal,
): Promise<DecidedArchitecture> {
  if (plan.platform !== undefined || plan.platforms !== undefined || namesArchitecture(plan)) return { plan };
  const nodes = await listLinuxNodes(plan, cluster, signal).catch(() => []);
  // A namespace can let its pods onto nodes that seem closed to them, so the architecture is decided for these as well.
  if (countArchitectures(nodes).length < 2) return { plan };
  const counts = countArchitectures(nodes.filter((node) => takesPods(node, plan)));
  const [most] = counts;
  if (most === undefined) return { plan };
  const [arch] = counts.find(([name]) => name === own) ?? most;
  const decided = { ...plan, platform: { os: "linux", arch } };
  if (counts.length === 1) return { plan: decided };
  const found = counts.map(([name]) => `linux/${name}`).join(" and ");
  return {
    plan: decided,
    note: `building for linux/${arch}, as the nodes are of ${found}; --platform chooses another one, or several`,
  };
}

/**
 * Checks that there is a node of each platform, if the user may list nodes.
 * @returns a sentence about platforms whose nodes a service may still add; undefined if all are there or nobody knows
 * @throws ClusterError if a platform has no node
 */
export async function checkNodes(
  plan: BuildPlan,
  platforms: readonly Platform[],
  cluster: NodeSource,
  signal: AbortSignal,
): Promise<string | undefined> {
  // The template or the selector decides: the nodes may emulate the platform.
  if (namesArchitecture(plan)) return undefined;
  const nodes = await listLinuxNodes(plan, cluster, signal).catch(() => undefined);
  if (nodes === undefined || nodes.length === 0 || nodes.length > MAX_NODES) return undefined;
  const counts = countArchitectures(nodes);
  const missing = [...new Set(platforms.map(({ arch }) => arch))].filter(
    (arch) => !counts.some(([name]) => name === arch),
  );
  if (missing.length === 0) return undefined;
  const wanted = missing.map((arch) => `linux/${arch}`).join(" or ");
  const found = counts.map(([name]) => `linux/${name}`).join(", ");
  const sentence = `the cluster has no node of ${wanted}: its nodes are of ${found}`;
  if (nodes.some(isOfPool)) return `${sentence}. The build waits until one is added`;
  throw new ClusterError(sentence, {
    suggestions: [
      `Build only for platforms that have nodes: --platform ${found.replaceAll(" ", "")}`,
      ...NO_NODE_REMEDIES,
    ],
  });
}

/** How many Linux nodes have each architecture, most first: `amd64` → 3. */
export function countArchitectures(nodes: readonly V1Node[]): (readonly [arch: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const { metadata } of nodes) {
    const arch = metadata?.labels?.[ARCH];
    if (arch !== undefined) counts.set(arch, (counts.get(arch) ?? 0) + 1);
  }
  return [...counts].toSorted(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
}

/** Node's name of an architecture (process.arch) as Kubernetes writes it. */
export function architectureOf(name: string): string {
  return { x64: "amd64", ia32: "386", ppc64: "ppc64le" }[name] ?? name;
}

function namesArchitecture({ nodeSelector, podTemplate }: BuildPlan): boolean {
  const selectors = [nodeSelector, podTemplate?.spec?.nodeSelector] as readonly (
    | Readonly<Record<string, unknown>>
    | null
    | undefined
  )[];
  return selectors.some((selector) => selector?.[ARCH] !== undefined);
}

/** Whether the build's pod can run there, as far as the client knows. */
function takesPods({ spec }: V1Node, { tolerations = [] }: BuildPlan): boolean {
  if (spec?.unschedulable === true) return false;
  return (spec?.taints ?? []).every(
    ({ key, value = "", effect }) =>
      effect === "PreferNoSchedule" ||
      tolerations.some(
        (toleration) =>
          (toleration.key === undefined || toleration.key === key) &&
          (toleration.operator === "Exists" || (toleration.value ?? "") === value),
      ),
  );
}

function isOfPool({ metadata }: V1Node): boolean {
  return POOL_LABELS.some((label) => metadata?.labels?.[label] !== undefined);
}
