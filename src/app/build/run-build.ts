/** The line of one build: pack → ship → run → follow → report. Everything that touches the outside comes in through `deps`. */
import type { Builder, BuilderPod, ContainerEnd } from "../../builders/builder.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { InternalError } from "../../errors.ts";
import { hasExports } from "../../ship/export/exporter.ts";
import { clientDeadline } from "../../run/follow/deadline.ts";
import { followBuild } from "../../run/follow/follow.ts";
import type { FollowedBuild } from "../../run/follow/follow.ts";
import { objectsOf } from "../../run/objects.ts";
import type { BuildObjects } from "../../run/objects.ts";
import { EARLY_SECONDS, ClientLease, mayPutOff, withEarlyDeadline } from "../../run/client-lease.ts";
import type { SecretValues } from "../../run/volumes.ts";
import { liveBuilds } from "../../run/labels.ts";
import { releasePod, startBuild } from "../../run/start.ts";
import type { StartedBuild } from "../../run/start.ts";
import { chooseDelivery } from "../../ship/choose.ts";
import type { CacheSource } from "../../pack/cache-source.ts";
import { RECEIVER } from "../../plan/layout.ts";
import type { OpenArchive } from "../../pack/open-context.ts";
import type { Delivery } from "../../ship/delivery.ts";
import { cleanUp } from "../../run/clean-up.ts";
import { decideUserns } from "../../run/user-namespaces.ts";
import type { BuildResult, Emit } from "../../events.ts";
import type { ImageDescription } from "../../lib/registry/types.ts";
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { Detachment } from "../../run/detach.ts";
import { reportEnd } from "../../run/report-end.ts";
import { Stages } from "../../run/stages.ts";

export interface BuildDeps {
  readonly builder: Builder;
  readonly cluster: Cluster;
  readonly openArchive: OpenArchive;
  /** For the transport that keeps contexts between builds; reads nothing until it is asked for. */
  readonly cacheSource: () => CacheSource;
  /** The config.json to ship, when the plan ships one. */
  readonly dockerConfig?: string;
  /** Values of the `--secret`s that come from the client. */
  readonly secrets?: SecretValues;
  /** What is to be done with the image once it is pushed, before it is said to be built: what takes its time is a stage. */
  readonly seal?: (digest: string, stages: Stages) => Promise<void>;
  /** What else is known of the image, read back from where it was pushed; undefined when that registry cannot be asked. */
  readonly describeImage: (plan: BuildPlan, digest: string) => Promise<ImageDescription | undefined>;
  /**
   * The digest of what the first tag now is, for a builder that does not tell it.
   * @throws ClusterError when the registry cannot be asked, or the tag is another image than `configDigest`'s by now
   */
  readonly pushedDigest: (plan: BuildPlan, configDigest: string | undefined) => Promise<string>;
  readonly emit: Emit;
}

/** The objects a build would create, for --dry-run. */
export async function describeBuild(plan: BuildPlan, deps: Omit<BuildDeps, "cluster">): Promise<BuildObjects> {
  return (await prepare(plan, deps)).objects;
}

/** The client went before the end, and the build goes on. */
export interface LeftBuild {
  readonly left: string;
}

/**
 * @param leave aborted when the client is to go as soon as the build can do without it.
 * @throws SlipwayError of the kind whose fault it is; nothing but a finished Job stays behind, or a running one when only the
 *   contact to the cluster was lost.
 */
export async function build(
  plan: BuildPlan,
  deps: BuildDeps,
  signal: AbortSignal,
  leave: AbortSignal = new AbortController().signal,
): Promise<BuildResult | LeftBuild> {
  using deadline = clientDeadline(plan.timeoutSeconds);
  const stages = new Stages(deps.emit);
  const short = plan.timeoutSeconds <= EARLY_SECONDS;
  const early = short ? false : mayPutOff(deps.cluster, signal);
  const prepared = await prepare(plan, deps, decideUserns(plan, deps.cluster, signal));
  const started = (await early) ? needingClient(prepared) : prepared;
  const ended = await runToEnd(plan, deps, started, stages, AbortSignal.any([signal, deadline.signal]), leave);
  if (ended === "left") return { left: plan.name };
  const { end, exported } = ended;
  const references = pushes(plan) ? plan.tags.map(String) : [];
  const facts = {
    name: plan.name,
    builder: plan.builder,
    references,
    // BuildKit writes names out in full only into archives.
    names: plan.exports?.some(({ kind }) => kind === "archive") === true ? plan.tags.map(String) : plan.names,
    ...(plan.imageless === true ? { imageless: true } : {}),
  };
  const registry = {
    pushedDigest: (configDigest: string | undefined) => deps.pushedDigest(plan, configDigest),
    describeImage: async (digest: string) => {
      await deps.seal?.(digest, stages).catch((error: unknown) => {
        stages.fail();
        throw error;
      });
      return { ...exported, ...(await deps.describeImage(plan, digest)) };
    },
  };
  return reportEnd(end, facts, { ...deps, ...registry }, stages);
}

interface PreparedBuild {
  readonly delivery: Delivery;
  readonly builderPod: BuilderPod;
  readonly objects: BuildObjects;
}

/** @param decided the plan, with what only the cluster could tell; asked for while the context is packed */
async function prepare(
  plan: BuildPlan,
  deps: Omit<BuildDeps, "cluster">,
  decided: Promise<BuildPlan> = Promise.resolve(plan),
): Promise<PreparedBuild> {
  // Who the receiver has to be does not depend on the context's form.
  const identity = { image: plan.helperImage, ...deps.builder.pod(plan, "directory").receiver };
  const sources = { open: deps.openArchive, source: deps.cacheSource, live: liveBuilds };
  const delivery = await chooseDelivery(plan, sources, identity);
  const final = await decided;
  const builderPod = deps.builder.pod(final, delivery.form);
  const objects = objectsOf(final, builderPod, delivery, deps.dockerConfig, deps.secrets);
  if (objects.unsafe !== undefined) {
    deps.emit({
      type: "warning",
      message: `the pod template lets this build do more than an unprivileged pod may: ${objects.unsafe.join(", ")}`,
    });
  }
  return { delivery, builderPod, objects };
}

/** Until it is handed over, it lives no longer than its client. */
function needingClient(prepared: PreparedBuild): PreparedBuild {
  const { objects } = prepared;
  return { ...prepared, objects: { ...objects, job: withEarlyDeadline(objects.job) } };
}

async function runToEnd(
  plan: BuildPlan,
  deps: BuildDeps,
  prepared: PreparedBuild,
  stages: Stages,
  signal: AbortSignal,
  leave: AbortSignal,
): Promise<{ end: ContainerEnd; exported: ImageDescription } | "left"> {
  const { cluster, emit } = deps;
  const detachment = new Detachment(cluster, prepared.objects, emit, leave);
  const own = new AbortController();
  const inner = AbortSignal.any([signal, own.signal]);
  const seen = { pod: "" };
  using _ = hasExports(plan)
    ? (await import("../../ship/export/presence.ts")).showPresence(cluster, () => seen.pod)
    : undefined;
  stages.start("create", plan.name);
  try {
    const started = await startBuild(cluster, prepared.objects, inner);
    started.complete.catch(() => {});
    using lease = new ClientLease(cluster, started.job, inner);
    const steps = stepsOf(plan, deps, prepared, { ...started, lease }, stages, detachment, seen, inner);
    const end = await Promise.race([followBuild(cluster, steps, emit, inner), detachment.left]);
    await detachment.settle();
    return end === "left" ? end : { end, exported: await bringExports(plan, deps, end, seen.pod, stages, inner) };
  } catch (error) {
    stages.fail();
    await detachment.settle();
    await cleanUp(prepared.objects, deps, error, detachment.complete);
    throw error;
  } finally {
    own.abort();
  }
}

/** What `-o` asked for comes to the client while the pod is there to give it; then the pod may end. */
async function bringExports(
  plan: BuildPlan,
  { builder, cluster, emit }: BuildDeps,
  end: ContainerEnd,
  pod: string,
  stages: Stages,
  signal: AbortSignal,
): Promise<ImageDescription> {
  if (!hasExports(plan)) return {};
  const { collectExports, releaseExporter } = await import("../../ship/export/collect.ts");
  try {
    const outcome = builder.outcome(end);
    // Only a builder that tells the digest exports anything.
    if (outcome.kind !== "built") return {};
    stages.done("build");
    stages.start("export");
    const { bytes, description } = await collectExports(cluster, pod, plan, emit, signal);
    stages.done("export", undefined, bytes);
    return description;
  } finally {
    // The Job's deadline ends what cannot be told to end.
    await releaseExporter(cluster, pod).catch(() => {});
  }
}

/** What to do at each step of the pod's life. */
function stepsOf(
  plan: BuildPlan,
  { builder, cluster, emit }: BuildDeps,
  { delivery, builderPod }: PreparedBuild,
  started: StartedBuild & { readonly lease: ClientLease },
  stages: Stages,
  detachment: Detachment,
  seen: { pod: string },
  signal: AbortSignal,
): FollowedBuild {
  const handItOver = async (): Promise<void> => {
    await started.lease.giveWholeTime();
    detachment.contextArrived();
  };
  return {
    job: plan.name,
    containers: { receiver: RECEIVER, builder: builderPod.container.name },
    timeoutSeconds: plan.timeoutSeconds,
    formatLogLine: (line) => builder.formatLogLine(line),
    onPod: async (pod) => {
      seen.pod = pod;
      stages.done("create", plan.name);
      stages.start("schedule", `pod ${pod}`);
      await started.complete;
      if (started.gated) await releasePod(cluster, pod, signal);
      if (delivery.ship === undefined) await handItOver();
    },
    onReceiving: async (pod) => {
      if (delivery.ship === undefined) throw new InternalError("the pod waits for a context that travels another way");
      stages.start("ship", delivery.transport);
      const { bytes } = await delivery.ship(cluster, pod, emit, signal);
      stages.done("ship", undefined, bytes);
      await handItOver();
    },
    onState: (state) => {
      stages.observe(state);
      detachment.observe(state);
    },
  };
}
