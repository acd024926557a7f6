/** The course of one build: pack → ship → run → follow → report. Everything that touches the outside comes in through `deps`. */
import { setImmediate as nextTurn, setTimeout } from "node:timers/promises";
import type { Builder, BuilderPod, ContainerEnd, Outcome } from "../../builders/builder.ts";
import type { V1Job } from "@kubernetes/client-node";
import type { Cluster } from "../../lib/kube/cluster.ts";
import { InternalError } from "../../errors.ts";
import type { SlipwayError } from "../../errors.ts";
import { hasExports } from "../../ship/export/exporter.ts";
import { clientDeadline } from "../../run/follow/deadline.ts";
import { followBuild } from "../../run/follow/follow.ts";
import { PushedTags } from "../../run/follow/pushed-tags.ts";
import type { AskTag } from "../../run/follow/pushed-tags.ts";
import type { FollowedBuild } from "../../run/follow/follow.ts";
import { objectsOf } from "../../run/objects.ts";
import type { BuildObjects } from "../../run/objects.ts";
import { endPod } from "../../run/end-pod.ts";
import { identityOf } from "../../run/identity.ts";
import { LEASE_SECONDS, ClientLease, mayRenew, withLease } from "../../run/client-lease.ts";
import type { SecretValues } from "../../run/volumes.ts";
import { liveBuilds } from "../../run/labels.ts";
import { releasePod, startBuild } from "../../run/start.ts";
import type { StartedBuild } from "../../run/start.ts";
import { chooseDelivery } from "../../ship/choose.ts";
import type { CacheSource } from "../../pack/cache-source.ts";
import { RECEIVER } from "../../plan/layout.ts";
import type { OpenArchive } from "../../pack/open-context.ts";
import type { Delivery } from "../../ship/delivery.ts";
import type { PodSession } from "../../ship/pod-session.ts";
import { cleanUp } from "../../run/clean-up.ts";
import { decideByNodes } from "../../run/node-decisions.ts";
import type { BuildResult, Emit, LoadedImage } from "../../events.ts";
import type { ImageDescription } from "../../lib/registry/types.ts";
import type { StepReader } from "../../builders/steps/reader.ts";
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { Detachment } from "../../run/detach.ts";
import { cancelSteps, isStopped, reportEnd } from "../../run/report-end.ts";
import { Stages } from "../../run/stages.ts";
import { withAllMissingRights } from "../rbac/missing-rights.ts";
import { dockerfileWarnings, failedLines, stepsOf } from "./dockerfile-steps.ts";

export interface BuildDeps {
  readonly builder: Builder;
  readonly cluster: Cluster;
  readonly openArchive: OpenArchive;
  /** For the transport that keeps contexts between builds. Reads nothing until it is called. */
  readonly cacheSource: () => CacheSource;
  /** The config.json to ship, when the plan ships one. */
  readonly dockerConfig?: string;
  /** Values of the `--secret`s that come from the client. */
  readonly secrets?: SecretValues;
  /** Attests and signs the pushed image, before the build is reported as done. Reports its own stages. */
  readonly attest?: (digest: string, stages: Stages) => Promise<void>;
  /** Reads the description of a pushed image from its registry; undefined when the registry cannot be asked. */
  readonly describeImage: (plan: BuildPlan, digest: string) => Promise<ImageDescription | undefined>;
  /**
   * The digest that the first tag has now, for a builder that does not report it.
   * @throws ClusterError when the registry cannot be asked, or the tag is no longer the image with `configDigest`
   */
  readonly pushedDigest: (plan: BuildPlan, configDigest: string | undefined) => Promise<string>;
  /** Loads the image into the local engine, before the build is reported as done. Reports its own stage. */
  readonly load?: (stages: Stages, digest: string) => Promise<LoadedImage>;
  /**
   * Asks the registries of the base images. Resolves with an error if one of them certainly does not have its image; else with
   * undefined, at any time until the signal is aborted. Absent: nobody is asked.
   */
  readonly askForBases?: (signal: AbortSignal) => Promise<SlipwayError | undefined>;
  /** Asks which image a tag is now, to know the build's end before the cluster shows it. Absent: nobody is asked. */
  readonly askTag?: AskTag;
  readonly emit: Emit;
  /** Who starts the build; absent: the plan's user. */
  readonly whoAmI?: (cluster: Cluster) => Promise<string>;
  /** Told of the build's Job as soon as it exists. */
  readonly onCreated?: (job: V1Job) => void;
}

/** The objects that a build would create, for --dry-run. */
export async function describeBuild(plan: BuildPlan, deps: Omit<BuildDeps, "cluster">): Promise<BuildObjects> {
  return (await prepare(plan, deps)).objects;
}

/** The client detached before the end, and the build keeps running. */
export interface LeftBuild {
  readonly left: string;
}

/**
 * @param leave aborted when the client is to detach as soon as the build can do without it
 * @throws SlipwayError; its kind says whose fault it is. Only a finished Job stays in the cluster, or a running one if only the
 *   contact to the cluster was lost.
 */
export async function build(
  plan: BuildPlan,
  deps: BuildDeps,
  signal: AbortSignal,
  leave: AbortSignal = new AbortController().signal,
): Promise<BuildResult | LeftBuild> {
  using deadline = clientDeadline(plan.timeoutSeconds);
  using bases = askForBases(deps, signal);
  const stages = new Stages(deps.emit);
  const leased = plan.timeoutSeconds <= LEASE_SECONDS ? false : mayRenew(deps.cluster, signal);
  const prepared = await prepare(plan, deps, decidePlan(plan, deps, signal));
  const objects = (await leased) ? { ...prepared.objects, job: withLease(prepared.objects.job) } : prepared.objects;
  const steps = stepsOf(plan, deps.builder);
  // An answer that has arrived while the context was packed is only taken in now.
  await nextTurn();
  bases.throwIfMissing();
  const run = new BuildRun(plan, deps, { ...prepared, objects, steps }, stages, leave, bases.missing);
  const ended = await run.toEnd(AbortSignal.any([signal, deadline.signal]));
  if (ended === "left") return { left: plan.name };
  const { outcome, exported } = ended;
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
      await deps.attest?.(digest, stages).catch((error: unknown) => {
        stages.fail();
        throw error;
      });
      return { ...exported, ...(await deps.describeImage(plan, digest)), ...(await loaded(deps, stages, digest)) };
    },
  };
  const reporter = {
    ...deps,
    ...registry,
    steps,
    ...failedLines(plan),
  };
  try {
    return await reportEnd(outcome, facts, reporter, stages);
  } finally {
    for (const message of await dockerfileWarnings(plan).catch(() => [])) deps.emit({ type: "warning", message });
  }
}

/** The plan with what the cluster decides about it. */
async function decidePlan(
  plan: BuildPlan,
  { cluster, whoAmI, emit }: BuildDeps,
  signal: AbortSignal,
): Promise<BuildPlan> {
  const [{ plan: decided, note }, user] = await Promise.all([
    decideByNodes(plan, cluster, signal),
    whoAmI?.(cluster) ?? plan.user,
  ]);
  if (note !== undefined) emit({ type: "note", message: note });
  return { ...decided, user };
}

interface AskedBases extends Disposable {
  /** Rejects once a registry has said that it does not have a base image; never resolves. */
  readonly missing: Promise<never>;
  /** @throws SlipwayError if that is known already */
  throwIfMissing(): void;
}

/** Asks while the context is packed and the pod starts, and waits for no answer. */
function askForBases({ askForBases: ask }: Pick<BuildDeps, "askForBases">, signal: AbortSignal): AskedBases {
  const ended = new AbortController();
  let error: SlipwayError | undefined;
  const missing = new Promise<never>((_, reject) => {
    const note = async (): Promise<void> => {
      error = await ask?.(AbortSignal.any([signal, ended.signal]));
      if (error !== undefined) reject(error);
    };
    note().catch(() => {});
  });
  missing.catch(() => {});
  return {
    missing,
    throwIfMissing: () => {
      if (error !== undefined) throw error;
    },
    [Symbol.dispose]: () => ended.abort(),
  };
}

/** What the result tells of the image in the local engine; nothing if it is not loaded. */
export async function loaded(
  { load }: Pick<BuildDeps, "load">,
  stages: Stages,
  digest: string,
): Promise<{ readonly loaded?: LoadedImage }> {
  if (load === undefined) return {};
  try {
    return { loaded: await load(stages, digest) };
  } catch (error) {
    stages.fail();
    throw error;
  }
}

interface PreparedBuild {
  readonly delivery: Delivery;
  readonly builderPod: BuilderPod;
  readonly objects: BuildObjects;
}

/** What one run needs of it, and the reader of its log. */
interface StartableBuild extends PreparedBuild {
  readonly steps: StepReader;
}

/** @param decided the plan with the facts that only the cluster knows; they are asked for while the context is packed */
async function prepare(
  plan: BuildPlan,
  deps: Omit<BuildDeps, "cluster">,
  decided: Promise<BuildPlan> = Promise.resolve(plan),
): Promise<PreparedBuild> {
  const identity = { image: plan.helperImage, ...deps.builder.receiver(plan) };
  const sources = { open: deps.openArchive, source: deps.cacheSource, live: liveBuilds };
  const delivery = await chooseDelivery(plan, sources, identity);
  const final = await decided;
  const builderPod = deps.builder.pod(final, delivery.form);
  const objects = objectsOf(final, builderPod, delivery, deps.dockerConfig, deps.secrets);
  if (objects.unsafe !== undefined) {
    deps.emit({
      type: "warning",
      message: `the pod template gives this build more than an unprivileged pod has: ${objects.unsafe.join(", ")}`,
    });
  }
  return { delivery, builderPod, objects };
}

/** How long the end of a build waits for the report of its context, in milliseconds. */
const SHIPPED_TIMEOUT_MS = 1000;

/** One build in the cluster, from its first object to the end of its builder. */
class BuildRun {
  readonly #plan: BuildPlan;
  readonly #deps: BuildDeps;
  readonly #prepared: StartableBuild;
  readonly #stages: Stages;
  readonly #detachment: Detachment;
  readonly #baseMissing: Promise<never>;
  /** Name of the build's pod; "" until it exists. */
  #pod = "";
  /** The sending of the context, with its report. */
  #shipped: Promise<void> | undefined;
  /** Ends what still runs in the pod after its builder. */
  #endPod: (() => Promise<void>) | undefined;

  /** @param baseMissing rejects if the build cannot succeed, as a base image is missing */
  constructor(
    plan: BuildPlan,
    deps: BuildDeps,
    prepared: StartableBuild,
    stages: Stages,
    leave: AbortSignal,
    baseMissing: Promise<never>,
  ) {
    this.#baseMissing = baseMissing;
    this.#plan = plan;
    this.#deps = deps;
    this.#prepared = prepared;
    this.#stages = stages;
    this.#detachment = new Detachment(deps.cluster, prepared.objects, deps.emit, leave);
  }

  async toEnd(signal: AbortSignal): Promise<{ outcome: Outcome; exported: ImageDescription } | "left"> {
    const { cluster, emit, builder } = this.#deps;
    const { objects } = this.#prepared;
    const detachment = this.#detachment;
    const own = new AbortController();
    const inner = AbortSignal.any([signal, own.signal]);
    using _ = hasExports(this.#plan)
      ? (await import("../../ship/export/presence.ts")).showPresence(cluster, () => this.#pod)
      : undefined;
    this.#stages.start("create", this.#plan.name);
    let started: StartedBuild | undefined;
    try {
      started = await startBuild(cluster, objects, inner);
      this.#deps.onCreated?.(started.job);
      started.complete.catch(() => {});
      using lease = new ClientLease(cluster, started.job, inner);
      const pushed = this.#watchTags(inner);
      const followed = this.#steps(started, lease, inner, pushed);
      const end = await Promise.race([
        followBuild(cluster, followed, emit, inner),
        detachment.left,
        this.#baseMissing,
        ...(pushed === undefined ? [] : [pushed.certain]),
      ]);
      await detachment.settle();
      if (end === "left") return end;
      if (typeof end === "string") {
        // The context is there, as the image was made of it. The pod's last word about it may still be on its way.
        await Promise.race([this.#shipped?.catch(() => {}), setTimeout(SHIPPED_TIMEOUT_MS, undefined, { ref: false })]);
        return { outcome: { kind: "built", digest: end }, exported: {} };
      }
      const exported = await this.#fetchExports(end, inner);
      await this.#endPod?.();
      return { outcome: builder.outcome(end), exported };
    } catch (error) {
      // What follows the pod reports nothing more of a build that has failed here.
      own.abort();
      if (signal.aborted || isStopped(error)) cancelSteps(this.#prepared.steps, this.#deps.emit);
      this.#stages.fail();
      await detachment.settle();
      await cleanUp(this.#plan.name, this.#deps, error, { started, independent: detachment.independent });
      throw await withAllMissingRights(error, this.#plan, builder, cluster);
    } finally {
      own.abort();
    }
  }

  /** Absent where the registry cannot tell that the build has succeeded. */
  #watchTags(signal: AbortSignal): PushedTags | undefined {
    const { builder, askTag } = this.#deps;
    const plan = this.#plan;
    const { readPushed } = builder;
    if (askTag === undefined || readPushed === undefined) return undefined;
    // Results are fetched from the pod. Without a tag there is nothing that was another image before.
    if (!pushes(plan) || plan.byDigest === true || hasExports(plan)) return undefined;
    return new PushedTags({ tags: plan.tags, ask: askTag, readPushed: (line) => readPushed(line, plan), signal });
  }

  /** What to do at each step of the pod's life. */
  #steps(
    started: StartedBuild,
    lease: ClientLease,
    signal: AbortSignal,
    pushed: PushedTags | undefined,
  ): FollowedBuild {
    const { builder, cluster } = this.#deps;
    const { delivery, builderPod, objects } = this.#prepared;
    const stages = this.#stages;
    const detachment = this.#detachment;
    return {
      job: identityOf(started.job),
      containers: { receiver: RECEIVER, builder: builderPod.container.name },
      timeoutSeconds: this.#plan.timeoutSeconds,
      asked: objects.job.spec?.template.spec,
      formatLogLine: (line) => builder.formatLogLine(line),
      steps: this.#prepared.steps,
      onLine: (line) => pushed?.read(line),
      onPod: async (pod) => {
        this.#pod = pod.name;
        stages.done("create", this.#plan.name);
        stages.start("schedule", `pod ${pod.name}`);
        await started.complete;
        if (started.gated) await releasePod(cluster, pod, signal);
        if (delivery.ship === undefined) await detachment.contextArrived(lease);
      },
      onReceiving: async () => {
        if (delivery.ship === undefined)
          throw new InternalError("the pod waits for a context that is sent another way");
        stages.start("ship", delivery.transport);
        this.#shipped = delivery.ship(this.#session(signal)).then(({ bytes }) => stages.done("ship", undefined, bytes));
        await this.#shipped;
        await detachment.contextArrived(lease);
      },
      onState: (state, pod) => {
        stages.observe(state);
        pushed?.observe(state, pod);
        detachment.observe(state, started.inputs);
      },
      onEnded: (pod, running) => void (this.#endPod = () => endPod(cluster, pod, running)),
    };
  }

  /** Fetches the results of `-o` while the pod still has them, and then lets the pod end. */
  async #fetchExports(end: ContainerEnd, signal: AbortSignal): Promise<ImageDescription> {
    if (!hasExports(this.#plan)) return {};
    const { collectExports, releaseExporter } = await import("../../ship/export/collect.ts");
    const session = this.#session(signal);
    try {
      const outcome = this.#deps.builder.outcome(end);
      // Only builders that report the digest export anything.
      if (outcome.kind !== "built") return {};
      this.#stages.done("build");
      this.#stages.start("export");
      const { bytes, description } = await collectExports(session, this.#plan);
      this.#stages.done("export", undefined, bytes);
      return description;
    } finally {
      // If the request fails, the Job's deadline ends the container.
      await releaseExporter(session).catch(() => {});
    }
  }

  #session(signal: AbortSignal): PodSession {
    const { cluster, emit } = this.#deps;
    return { cluster, pod: this.#pod, emit, signal };
  }
}
