/** What the cluster's nodes decide about a build's pod, asked once. */
import { omitUndefined } from "../lib/text/omit-undefined.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { listedOnce } from "./linux-nodes.ts";
import type { NodeSource } from "./linux-nodes.ts";
import { architectureOf, decideArchitecture } from "./node-architectures.ts";
import type { DecidedArchitecture } from "./node-architectures.ts";
import { decideUserns } from "./user-namespaces.ts";

/** The plan with its user namespace and its architecture decided, by at most one request. Never throws. */
export async function decideByNodes(
  plan: BuildPlan,
  cluster: NodeSource,
  signal: AbortSignal,
): Promise<DecidedArchitecture> {
  const nodes = listedOnce(cluster);
  const [decided, { plan: placed, note }] = await Promise.all([
    decideUserns(plan, nodes, signal),
    decideArchitecture(plan, nodes, architectureOf(process.arch), signal),
  ]);
  const { platform } = placed;
  return { plan: { ...decided, ...omitUndefined({ platform }) }, ...omitUndefined({ note }) };
}
