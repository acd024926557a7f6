/** Checks everything that a build needs, before there is a context to send. */
import type { Builder } from "../../builders/builder.ts";
import { RECEIVER } from "../../plan/layout.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { ClusterError } from "../../errors.ts";
import { candidatesOf, needsClaim } from "../../plan/transports.ts";
import { askRights } from "../rbac/ask-rights.ts";
import type { Ruling } from "../rbac/ask-rights.ts";
import { rightsRemedy } from "../rbac/missing-rights.ts";
import { needOf, rightsOf } from "../rbac/rights.ts";
import type { Right } from "../rbac/rights.ts";
import { failed, ok, skip } from "./check.ts";
import type { Check } from "./check.ts";
import { limitRangeCheck, nodesCheck, podSecurityLevel, quotaCheck, storageCheck } from "./namespace-checks.ts";
import { trialChecks, userNamespaceCheck } from "./pod-checks.ts";
import { networkPolicyCheck, networkPolicyUnchecked } from "./network-policy-check.ts";
import { pushCheck } from "./registry-check.ts";
import type { Dial, OpenRegistry } from "./registry-check.ts";
import { mayDo, rightsCheck } from "./rights-check.ts";
import type { OptionalRights } from "./rights-check.ts";
import { runTrial } from "./run-trial.ts";
import { buildTrial, userNamespaceTrial } from "./trial-pod.ts";
import { dialFromPod } from "./pod-tunnel.ts";
import { waitFor } from "../../lib/waits/waits.ts";

/** The cluster and the plan to check. */
export interface Subject {
  readonly cluster: Cluster;
  readonly plan: BuildPlan;
  readonly builder: Builder;
  readonly openRegistry: OpenRegistry;
  /** Also start trial pods; otherwise only reads objects. */
  readonly pods: boolean;
  readonly client: string;
}

/** The oldest Kubernetes 1.x that builds run on: since then, scheduling gates of pods are on by default. */
const MIN_MINOR_VERSION = 27;

export function neededRights(plan: BuildPlan, builder: Builder): Right[] {
  return rightsOf({ ...needOf(plan, builder), manage: false });
}

/**
 * Yields each check as soon as it and those before it are done.
 * @param say gets a sentence about each wait
 */
export async function* examine(
  subject: Subject,
  say: (message: string) => void,
  signal: AbortSignal,
): AsyncGenerator<Check, void> {
  const { cluster, plan } = subject;
  yield ok("client", subject.client);
  const server = await guard("cluster", () => serverCheck(cluster, signal));
  yield server;
  if (server.status === "fail") return;
  const namespace: { level?: string | undefined } = {};
  const found = await guard("namespace", async () => {
    namespace.level = await podSecurityLevel(cluster, signal);
    return ok("namespace", cluster.namespace);
  });
  yield found;
  if (found.status === "fail") return;
  const rulings = await askRights(cluster, neededRights(plan, subject.builder), signal);
  const remedy = await rightsRemedy(plan, subject.builder, cluster, signal);
  yield rightsCheck(rulings, cluster.namespace, optionalRights(plan), remedy);
  const pods = tryPods(subject, rulings, namespace.level, say, signal);
  pods.catch(() => {});
  yield await guard("quota", () => quotaCheck(cluster, signal));
  yield await guard("limit range", () => limitRangeCheck(cluster, signal));
  const { storageClass } = plan.volume;
  const storage = { needed: needsClaim(plan.transport) || plan.cacheVolume !== undefined, storageClass };
  yield await guard("storage class", () => storageCheck(cluster, storage, signal));
  yield await guard("nodes", () => nodesCheck(cluster, signal));
  yield* await pods;
}

async function serverCheck(cluster: Cluster, signal: AbortSignal): Promise<Check> {
  const version = await cluster.version(signal);
  const minor = Number(/^v1\.(\d+)/.exec(version)?.[1] ?? MIN_MINOR_VERSION);
  const context = cluster.context === undefined ? "" : ` (context ${cluster.context})`;
  if (minor >= MIN_MINOR_VERSION) return ok("cluster", `Kubernetes ${version} at ${cluster.server}${context}`);
  return failed(
    "cluster",
    new ClusterError(`Kubernetes ${version} at ${cluster.server} is too old: it has no scheduling gates for pods`, {
      suggestions: [`Use a cluster of version 1.${MIN_MINOR_VERSION} or later.`],
    }),
  );
}

/** Rights that a build can do without, each with what is lost. */
function optionalRights({ transport, keepSeconds }: BuildPlan): OptionalRights {
  const optional = new Map([
    ["events", "a build that waits cannot always report what it waits for"],
    ["patch jobs", "if the client is killed before the context is sent, its pod stays until --timeout"],
  ]);
  if (keepSeconds !== undefined)
    optional.set("pods/portforward", "the kept builder is reached by exec, which takes longer");
  const candidates = candidatesOf(transport);
  const execIsOptional =
    candidates.some(({ needsExec }) => needsExec) && candidates.some(({ needsExec }) => !needsExec);
  if (execIsOptional) optional.set("pods/exec", "only contexts up to 768 KiB can be sent");
  return optional;
}

async function tryPods(
  subject: Subject,
  rulings: readonly Ruling[],
  level: string | undefined,
  say: (message: string) => void,
  signal: AbortSignal,
): Promise<Check[]> {
  const { cluster, plan, builder } = subject;
  if (!subject.pods) return [skip("pod", "--no-pods: pods, images and registries are not checked")];
  const missing = ["jobs", "pods", "pods/log"].filter((resource) => !mayDo(rulings, resource, optionalRights(plan)));
  if (missing.length > 0) return [skip("pod", `no pod can be tried without the rights on ${missing.join(", ")}`)];
  const mayStream = candidatesOf(plan.transport).some(({ needsExec }) => needsExec);
  const streams = mayStream && mayDo(rulings, "pods/exec") && mayDo(rulings, "pods");
  const pushes: Check[] = [];
  const { egress } = plan;
  let policy = egress === undefined ? [] : [networkPolicyUnchecked(streams)];
  const ask = async (pod: string, inner: AbortSignal): Promise<void> => {
    const dial: Dial = async (host, port) => dialFromPod({ cluster, pod, container: RECEIVER }, host, port, inner);
    const client = subject.openRegistry(dial);
    const credentialsElsewhere = plan.credentials.kind === "secret" || plan.serviceAccount !== undefined;
    const names = new Map(plan.tags.map((tag) => [`${tag.registry}/${tag.repository}`, tag]));
    const [limited, ...pushed] = await Promise.all([
      egress === undefined ? undefined : networkPolicyCheck({ cluster, pod, container: RECEIVER }, egress, inner),
      ...[...names.values()].map((reference) => pushCheck(client, { reference, credentialsElsewhere })),
    ]);
    if (limited !== undefined) policy = [limited];
    pushes.push(...pushed);
  };
  say("trying a pod");
  const silent = (): void => {};
  const [report, userns] = await waitFor("a trial pod", () =>
    Promise.all([
      runTrial(cluster, buildTrial(plan, builder, streams), ask, say, signal),
      runTrial(cluster, userNamespaceTrial(plan), async () => {}, silent, signal),
    ]),
  );
  if (pushes.length === 0) pushes.push(skip("push", unasked(plan, streams)));
  return [...trialChecks(report, plan, level, streams), userNamespaceCheck(userns), ...policy, ...pushes];
}

function unasked({ tags }: BuildPlan, streams: boolean): string {
  if (tags.length === 0) return "name the image with -t to check its registry from the pod";
  return streams ? "the pod did not get that far" : "checking the registry from a pod needs the right on pods/exec";
}

async function guard(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    return failed(name, error);
  }
}
