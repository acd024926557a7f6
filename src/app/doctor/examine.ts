/** Looks at everything a build needs, before there is a context to send. */
import type { Duplex } from "node:stream";
import type { Builder } from "../../builders/builder.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { ClusterError } from "../../errors.ts";
import { rightsOf } from "../rbac/rights.ts";
import type { Right } from "../rbac/rights.ts";
import { failed, ok, skip } from "./check.ts";
import type { Check } from "./check.ts";
import { limitRangeCheck, podSecurityLevel, quotaCheck, storageCheck } from "./namespace-checks.ts";
import { trialChecks, userNamespaceCheck } from "./pod-checks.ts";
import { pushCheck } from "./registry-check.ts";
import type { OpenRegistry } from "./registry-check.ts";
import { askRights, mayDo, rightsCheck } from "./rights-check.ts";
import type { OptionalRights, Ruling } from "./rights-check.ts";
import { runTrial } from "./run-trial.ts";
import { TRIAL_RECEIVER, buildTrial, userNamespaceTrial } from "./trial-pod.ts";
import { dialFromPod } from "./pod-tunnel.ts";

export interface Patient {
  readonly cluster: Cluster;
  readonly plan: BuildPlan;
  readonly builder: Builder;
  readonly openRegistry: OpenRegistry;
  /** Tries pods; without, only what can be read is looked at. */
  readonly pods: boolean;
  /** The command that prints the missing rights. */
  readonly fix: string;
  readonly client: string;
}

/** The oldest server a build runs on: a pod's scheduling gates are on by default from it on. */
const OLDEST = 27;

export function neededRights({ transport, credentials, registries }: BuildPlan, builder: Builder): Right[] {
  const files = builder.mountsFiles === true || registries.ca !== undefined;
  return rightsOf({ transport, ships: credentials.kind === "shipped", files, manage: false });
}

/**
 * Each check as soon as it and those before it are done.
 * @param say what is being waited for, one sentence
 */
export async function* examine(
  patient: Patient,
  say: (message: string) => void,
  signal: AbortSignal,
): AsyncGenerator<Check, void> {
  const { cluster, plan } = patient;
  yield ok("client", patient.client);
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
  const rulings = await askRights(cluster, neededRights(plan, patient.builder), signal);
  yield rightsCheck(rulings, cluster.namespace, optionalRights(plan), patient.fix);
  const pods = tryPods(patient, rulings, namespace.level, say, signal);
  pods.catch(() => {});
  yield await guard("quota", () => quotaCheck(cluster, signal));
  yield await guard("limit range", () => limitRangeCheck(cluster, signal));
  const { storageClass } = plan.volume;
  const storage = { needed: plan.transport === "pvc", storageClass };
  yield await guard("storage class", () => storageCheck(cluster, storage, signal));
  yield* await pods;
}

async function serverCheck(cluster: Cluster, signal: AbortSignal): Promise<Check> {
  const version = await cluster.version(signal);
  const minor = Number(/^v1\.(\d+)/.exec(version)?.[1] ?? OLDEST);
  const context = cluster.context === undefined ? "" : ` (context ${cluster.context})`;
  if (minor >= OLDEST) return ok("cluster", `Kubernetes ${version} at ${cluster.server}${context}`);
  return failed(
    "cluster",
    new ClusterError(`Kubernetes ${version} at ${cluster.server} is too old: it does not hold a pod back by a gate`, {
      suggestions: [`Build in a cluster of version 1.${OLDEST} or later.`],
    }),
  );
}

/** What a build can do without, each with what is lost. */
function optionalRights({ transport }: BuildPlan): OptionalRights {
  const optional = new Map([
    ["events", "a build that waits cannot always say for what"],
    ["patch jobs", "a client that is killed before its context is sent leaves its pod until --timeout"],
  ]);
  if (transport === "auto") optional.set("pods/exec", "only contexts up to 768 KiB can be sent");
  return optional;
}

async function tryPods(
  patient: Patient,
  rulings: readonly Ruling[],
  level: string | undefined,
  say: (message: string) => void,
  signal: AbortSignal,
): Promise<Check[]> {
  const { cluster, plan, builder } = patient;
  if (!patient.pods) return [skip("pod", "--no-pods: not tried, and so neither are images nor registries")];
  const missing = ["jobs", "pods", "pods/log"].filter((resource) => !mayDo(rulings, resource, optionalRights(plan)));
  if (missing.length > 0) return [skip("pod", `it cannot be tried without the rights on ${missing.join(", ")}`)];
  const streams = plan.transport !== "configmap" && mayDo(rulings, "pods/exec") && mayDo(rulings, "pods");
  const pushes: Check[] = [];
  const ask = async (pod: string, inner: AbortSignal): Promise<void> => {
    const dial = async (host: string, port: number): Promise<Duplex> =>
      dialFromPod({ cluster, pod, container: TRIAL_RECEIVER }, host, port, inner);
    const client = patient.openRegistry(dial);
    const credentialsElsewhere = plan.credentials.kind === "secret" || plan.serviceAccount !== undefined;
    const names = new Map(plan.tags.map((tag) => [`${tag.registry}/${tag.repository}`, tag]));
    pushes.push(
      ...(await Promise.all(
        [...names.values()].map((reference) => pushCheck(client, { reference, credentialsElsewhere })),
      )),
    );
  };
  say("trying a pod");
  const [report, userns] = await Promise.all([
    runTrial(cluster, buildTrial(plan, builder, streams), ask, say, signal),
    runTrial(
      cluster,
      userNamespaceTrial(plan),
      async () => {},
      () => {},
      signal,
    ),
  ]);
  if (pushes.length === 0) pushes.push(skip("push", unasked(plan, streams)));
  return [...trialChecks(report, plan, level, streams), userNamespaceCheck(userns), ...pushes];
}

function unasked({ tags }: BuildPlan, streams: boolean): string {
  if (tags.length === 0) return "name the image with -t, and its registry is asked from the pod";
  return streams ? "the pod did not come so far" : "asking the registry from a pod needs the right on pods/exec";
}

async function guard(name: string, look: () => Promise<Check>): Promise<Check> {
  try {
    return await look();
  } catch (error) {
    return failed(name, error);
  }
}
