/** A build in a kept builder: found or started, talked to in its own protocol, and left running. */
import { randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { solveRequest } from "../../builders/buildkit/solve.ts";
import type { StepLine } from "../../builders/steps/reader.ts";
import type { ContainerEnd } from "../../builders/builder.ts";
import { BuildFailed, ClusterError, SlipwayError } from "../../errors.ts";
import { CANCELED } from "../../lib/text/canceled.ts";
import type { BuildResult } from "../../events.ts";
import type { Daemon } from "../../lib/buildkit/control.ts";
import { solveFailure } from "../../lib/buildkit/failure.ts";
import { ConnectionLost, GrpcError, UnreadStatus } from "../../lib/buildkit/grpc.ts";
import { Progress, SETTLE_MS } from "../../lib/buildkit/progress.ts";
import { fileSend } from "../../lib/buildkit/services/file-send.ts";
import type { Methods } from "../../lib/buildkit/served.ts";
import { httpStatusOf } from "../../lib/kube/refusal.ts";
import { isIndex } from "../../lib/registry/media-types.ts";
import type { ImageDescription } from "../../lib/registry/types.ts";
import { FileVanished } from "../../pack/sync-tree.ts";
import { sentDockerfileName } from "../../plan/dockerfile-name.ts";
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { clientDeadline } from "../../run/follow/deadline.ts";
import { openKeepKey } from "../../run/keep/keep-key.ts";
import { DAEMON } from "../../run/keep/kept-builder.ts";
import type { KeptBuilder } from "../../run/keep/kept-builder.ts";
import { reportEnd } from "../../run/report-end.ts";
import { Stages } from "../../run/stages.ts";
import { openDestination } from "../../ship/export/destination.ts";
import type { ExplainRerun } from "./explain-rerun.ts";
import { dockerfileInputs } from "./kept-dockerfile.ts";
import { failedLines, stepsOf } from "./dockerfile-steps.ts";
import { withAllMissingRights } from "../rbac/missing-rights.ts";
import { dialEarly, reachKept } from "./reach-kept.ts";
import type { ReachDeps } from "./reach-kept.ts";
import { loaded } from "./run-build.ts";
import type { BuildDeps } from "./run-build.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** How often a build is begun anew because a file vanished, or because its builder was just ending. */
const ATTEMPTS = 3;

/** How long a client that has its image waits for the cluster to note its end, in milliseconds. */
const RENEW_TIMEOUT_MS = 2000;

/** Of the daemon's log lines, so many are kept for explaining a failure. */
const TAIL_LINES = 50;

export interface KeptDeps extends BuildDeps, ReachDeps {
  /** What the daemon may ask of this client in one solve: files, logins, secrets, agents. */
  readonly methods: () => Methods;
  /** Whose files are kept up to date together. */
  readonly sharedKey: string;
  /** Why the first step that was not cached ran again. */
  readonly explain: ExplainRerun;
  /** Begins what can be done before the daemon asks. */
  readonly prepare: () => void;
}

/** @throws SlipwayError of the kind whose fault it is. The builder keeps running. */
export async function buildKept(plan: BuildPlan, deps: KeptDeps, signal: AbortSignal): Promise<BuildResult> {
  using deadline = clientDeadline(plan.timeoutSeconds);
  const inner = AbortSignal.any([signal, deadline.signal]);
  const stages = new Stages(deps.emit);
  try {
    return await attempt(plan, deps, stages, inner);
  } catch (error) {
    stages.fail();
    throw await withAllMissingRights(error, plan, deps.builder, deps.cluster);
  }
}

async function attempt(plan: BuildPlan, deps: KeptDeps, stages: Stages, signal: AbortSignal): Promise<BuildResult> {
  const key = await openKeepKey(deps.env);
  let early = await dialEarly(plan, deps, key, signal);
  deps.prepare();
  for (let count = 1; ; count++) {
    const { builder, lease, leased, daemon, release } = await reachKept(plan, early, deps, key, stages, signal);
    early = { ...early, ahead: undefined };
    using _ = lease;
    const pod = builder.pod?.metadata?.name ?? "";
    stages.start("build", pod);
    try {
      const [solved] = await Promise.all([solve(plan, deps, daemon, builder.job.metadata?.name ?? "", signal), leased]);
      const end: ContainerEnd = { exitCode: 0, reason: "Completed", message: solved.digest, tail: [] };
      return await report(plan, deps, end, solved.description, stages, builder);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof FileVanished && count < ATTEMPTS) continue;
      if (error instanceof FileVanished) throw new BuildFailed(error.message, { suggestions: VANISHED, cause: error });
      if (error instanceof ConnectionLost) throw await lost(deps, builder, error);
      if (!(error instanceof FailedSolve)) throw error;
      return await report(plan, deps, error.end, {}, stages, builder);
    } finally {
      release();
      await lease.end(AbortSignal.timeout(RENEW_TIMEOUT_MS)).catch(() => {});
    }
  }
}

const VANISHED = ["Build again when nothing removes files.", "Leave it out: add it to .dockerignore."];

/** The build failed in the daemon, which has said why. */
class FailedSolve extends Error {
  readonly end: ContainerEnd;

  constructor(end: ContainerEnd, cause: GrpcError) {
    super(cause.message, { cause });
    this.end = end;
  }
}

/** As the log of a BuildKit in a pod names the line that failed: some errors say it in no other way. */
function failedLine(error: GrpcError): string[] {
  const { source } = solveFailure(error);
  return source === undefined ? [] : [`Dockerfile:${source.lines[0]}`];
}

interface Solved {
  readonly digest: string;
  readonly description: ImageDescription;
}

async function solve(
  plan: BuildPlan,
  deps: KeptDeps,
  daemon: Daemon,
  builder: string,
  signal: AbortSignal,
): Promise<Solved> {
  const { emit } = deps;
  const unserved = new AbortController();
  const until = AbortSignal.any([signal, unserved.signal]);
  const ref = randomBytes(16).toString("hex").slice(0, 25);
  /** What this side could not do, which says more than what the daemon makes of it. */
  let ours: Error | undefined;
  const exports = new Exports(plan);
  const session = daemon.openSession({
    sharedKey: deps.sharedKey,
    methods: { ...deps.methods(), ...exports.methods },
    onFailure: (error) => {
      if (error instanceof SlipwayError || error instanceof FileVanished) ours ??= error;
    },
  });
  session.served.catch((error: unknown) => unserved.abort(error));
  const progress = new Progress();
  const tail: string[] = [];
  const steps = stepsOf(plan, deps.builder);
  const tell = (events: readonly StepLine[]): void => {
    for (const event of events) emit(event.type === "log" ? { ...event, container: DAEMON } : event);
  };
  const say = (lines: readonly string[]): void => {
    for (const line of lines) {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      tell(steps.read(line, new Date().toISOString()));
    }
  };
  const timer = setInterval(() => say(progress.settle(Date.now() - SETTLE_MS)), SETTLE_MS);
  const following = (async () => {
    for await (const status of daemon.status(ref, until)) say(progress.add(status));
  })().catch(() => {});
  const dockerfile = plan.dockerfile.path === undefined ? undefined : sentDockerfileName(plan.dockerfile.path);
  try {
    const request = solveRequest(plan, ref, session.id, dockerfile, dockerfileInputs(plan));
    const [answer] = await Promise.all([daemon.solve(request, until), session.served]);
    await exports.commit();
    await Promise.race([following, delay(STATUS_MS, undefined, { ref: false })]);
    return { digest: answer.get("containerimage.digest") ?? "", description: descriptionOf(answer) };
  } catch (error) {
    await exports.discard();
    if (ours !== undefined) throw ours;
    if (!(error instanceof GrpcError)) throw error;
    await Promise.race([following, delay(STATUS_MS, undefined, { ref: false })]);
    // What its steps have said, where the answer itself could not be read.
    const reason = (error instanceof UnreadStatus ? progress.failure : undefined) ?? error.message;
    const message = `error: failed to solve: ${reason.replace(/^failed to solve: /, "")}`;
    // What a program printed, such as git, follows on lines of its own.
    const lines = [...tail, ...failedLine(error), ...message.split("\n")];
    throw new FailedSolve({ exitCode: 1, reason: "Error", message: "", tail: lines }, error);
  } finally {
    clearInterval(timer);
    say(progress.settle(Infinity));
    tell(steps.end(signal.aborted ? CANCELED : undefined));
    const reason = await deps.explain(builder, progress.steps).catch(() => undefined);
    if (reason !== undefined) emit({ type: "note", message: reason });
    for (const { short } of progress.warnings) emit({ type: "warning", message: short });
    session.close();
  }
}

/** How long the end of what is told may come after the answer, in milliseconds. */
const STATUS_MS = 5000;

/** What `-o` asks for, as it arrives. Each is there whole once the solve has ended well, or not at all. */
class Exports {
  readonly #plan: BuildPlan;
  readonly #opened: ReturnType<typeof openDestination>[] = [];

  constructor(plan: BuildPlan) {
    this.#plan = plan;
  }

  get methods(): Methods {
    return (this.#plan.exports ?? []).length === 0 ? {} : fileSend((exporter) => this.#open(exporter));
  }

  async commit(): Promise<void> {
    for (const destination of this.#opened) await destination.commit();
  }

  async discard(): Promise<void> {
    for (const destination of this.#opened) await destination.discard().catch(() => {});
  }

  /** The image's exporter is number 0 and sends nothing. */
  async #open(exporter: string): Promise<Writable> {
    const wanted = this.#plan.exports?.[Number(exporter === "" ? 1 : exporter) - 1];
    if (wanted === undefined) throw new Error(`there is no exporter ${exporter}`);
    const destination = openDestination(wanted);
    this.#opened.push(destination);
    return new Writable({
      highWaterMark: 1 << 20,
      write(chunk: Buffer, _encoding, callback) {
        try {
          destination.write(chunk);
        } catch (error) {
          callback(error as Error);
          return;
        }
        callback();
      },
    });
  }
}

function descriptionOf(answer: ReadonlyMap<string, string>): ImageDescription {
  const configDigest = answer.get("containerimage.config.digest");
  const encoded = answer.get("containerimage.descriptor");
  const parsed =
    encoded === undefined
      ? undefined
      : (JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as NonNullable<ImageDescription["descriptor"]>);
  return {
    ...omitUndefined({ configDigest }),
    ...(parsed === undefined
      ? {}
      : {
          descriptor: {
            mediaType: parsed.mediaType,
            size: parsed.size,
            ...omitUndefined({ platform: parsed.platform, annotations: parsed.annotations }),
          },
        }),
  };
}

async function report(
  plan: BuildPlan,
  deps: KeptDeps,
  end: ContainerEnd,
  description: ImageDescription,
  stages: Stages,
  builder: KeptBuilder,
): Promise<BuildResult> {
  const facts = {
    name: builder.job.metadata?.name ?? plan.name,
    builder: plan.builder,
    references: pushes(plan) ? plan.tags.map(String) : [],
    names: plan.exports?.some(({ kind }) => kind === "archive") === true ? plan.tags.map(String) : plan.names,
    ...(plan.imageless === true ? { imageless: true } : {}),
  };
  return reportEnd(
    deps.builder.outcome(end),
    facts,
    {
      ...deps,
      ...failedLines(plan),
      pushedDigest: (configDigest) => deps.pushedDigest(plan, configDigest),
      describeImage: async (digest) => {
        await deps.attest?.(digest, stages);
        // The daemon has reported what the registry would be asked for. An index has no config: its own digest is the image ID, as in docker.
        const { configDigest, descriptor } = description;
        const isKnown = descriptor !== undefined && (configDigest !== undefined || isIndex(descriptor.mediaType));
        const asked = isKnown ? {} : await deps.describeImage(plan, digest);
        return { ...description, ...asked, ...(await loaded(deps, stages, digest)) };
      },
    },
    stages,
  );
}

/** The builder was lost during the build: the cluster has the reason. */
async function lost(deps: KeptDeps, { job, pod }: KeptBuilder, cause: Error): Promise<ClusterError> {
  const name = job.metadata?.name ?? "";
  const signal = AbortSignal.timeout(END_TIMEOUT_MS);
  let reason: string | undefined;
  // The connection ends before the cluster knows why.
  while (reason === undefined && !signal.aborted) {
    reason = await deps.cluster.read("pods", pod?.metadata?.name ?? "", signal).then(
      (now) => whyGone(name, now),
      (error: unknown) => (httpStatusOf(error) === 404 ? deleted(name) : undefined),
    );
    if (reason === undefined) await delay(END_POLL_MS);
  }
  reason ??= `the connection to the kept builder ${name} was lost`;
  return new ClusterError(`the build was ended: ${reason}`, {
    suggestions: ["Build again: if the builder is gone, a new one starts."],
    cause,
  });
}

/** How long the cluster may take to know why a pod ended, and how often it is asked, in milliseconds. */
const END_TIMEOUT_MS = 5000;
const END_POLL_MS = 500;

function deleted(name: string): string {
  return `the pod of the kept builder ${name} was deleted`;
}

/** Undefined while the cluster knows no reason. */
function whyGone(name: string, { status, metadata }: V1Pod): string | undefined {
  const end = status?.containerStatuses?.find((container) => container.name === DAEMON)?.state?.terminated;
  if (status?.reason !== undefined && status.phase === "Failed") {
    return `the pod of the kept builder ${name} was ended by the cluster: ${status.message ?? status.reason}`;
  }
  // Before its exit code, which only says how it was ended.
  if (metadata?.deletionTimestamp !== undefined) return deleted(name);
  if (end !== undefined)
    return `the kept builder ${name} ended with exit code ${end.exitCode} (${end.reason ?? "no reason given"})`;
  return undefined;
}
