/**
 * Connects to the daemon of a kept builder, in one of two ways. The pod's port is quick (10 ms), and both sides prove who they are. A
 * command in the container takes the container runtime some 300 ms to start; it needs no port, and brings the daemon what it needs to
 * have one. So the first build dials by command, and the next ones the port, if the cluster lets them.
 */
import { setImmediate } from "node:timers/promises";
import { DAEMON_PORT, DIAL_COMMAND, dialPreamble } from "../../builders/buildkit/daemon.ts";
import { ClusterError } from "../../errors.ts";
import { PreparedTls } from "../../lib/buildkit/channel.ts";
import { Daemon } from "../../lib/buildkit/control.ts";
import type { Cluster, Pipe } from "../../lib/kube/cluster.ts";
import type { KeepKey } from "./keep-key.ts";
import { clientTls, newDaemonIdentity } from "./keep-tls.ts";
import { DAEMON } from "./kept-builder.ts";

export const WAYS = ["port", "command"] as const;
export type Way = (typeof WAYS)[number];

/** A builder's pod, and how to dial it. */
export interface Address {
  /** Name of the pod. */
  readonly pod: string;
  /** Uid of the builder's Job. */
  readonly job: string;
  readonly way: Way;
}

export interface Dialled {
  readonly daemon: Daemon;
  /** The way that led to it: the one to try first the next time. */
  readonly way: Way;
}

/** A daemon that does not answer: it has been stopped, or its node is far too busy. */
export class NoAnswer extends ClusterError {}

type Dialler = Pick<Cluster, "pipe" | "port">;

/** How long a daemon that may still be starting has for its answer: longer than the minute that the dial command waits for its socket. */
export const START_TIMEOUT_MS = 90_000;

/** How long one has that runs for longer than that. A program in a container starts within seconds, on a busy node as well. */
export const ANSWER_TIMEOUT_MS = 20_000;

/** The same for the port. A daemon that has one listens before its first build. */
const PORT_ANSWER_TIMEOUT_MS = 5000;

/**
 * Connects to a pod that may not be the builder's any more. At the port the other side has to prove that it is the daemon of this Job
 * before it gets anything. A command proves nothing, so nothing is written to it before `take` is called.
 */
export class DialledAhead {
  readonly address: Address;
  readonly #dropped = new AbortController();
  readonly #opened: Promise<Daemon | Pipe | undefined>;
  #isTaken = false;

  /** @param signal ends the connection */
  constructor(cluster: Dialler, address: Address, key: KeepKey, signal: AbortSignal) {
    this.address = address;
    const { pod, way } = address;
    const until = AbortSignal.any([signal, this.#dropped.signal]);
    const opening =
      way === "port" ? dialPort(cluster, address, key, until) : cluster.pipe(pod, DAEMON, DIAL_COMMAND, until);
    // It need not be reported that the pod does not exist any more: the lookup finds that out as well.
    this.#opened = opening.catch(() => undefined);
    void this.#opened.then((opened) => !(opened instanceof Daemon) && opened?.on("error", () => {}));
  }

  /** The connection, at the first call; undefined at all others, and where it could not be opened. @throws NoAnswer, or the signal's reason */
  async take(key: KeepKey, timeoutMs: number, signal: AbortSignal): Promise<Dialled | undefined> {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    const opened = await this.#opened;
    const { address } = this;
    if (opened instanceof Daemon) return opened.channel.isOpen ? { daemon: opened, way: address.way } : undefined;
    if (opened === undefined || opened.destroyed) return undefined;
    return { daemon: await overCommand(opened, address, key, timeoutMs, signal), way: address.way };
  }

  /** Closes it, whether it is open yet or not. A connection that somebody has taken stays. */
  drop(): void {
    if (!this.#isTaken) this.#dropped.abort(new Error("another pod is the builder"));
  }
}

/**
 * Connects to a pod that is known to be the builder's.
 * @param address its `way` is tried first
 * @param ahead is used if it leads to this pod
 * @param timeoutMs how long the daemon has for its answer to a command
 * @throws NoAnswer if the daemon does not answer; ClusterError, AuthError; the signal's reason when aborted
 */
export async function dial(
  cluster: Dialler,
  address: Address,
  key: KeepKey,
  ahead: DialledAhead | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Dialled> {
  const { pod, job } = address;
  const isAhead = ahead?.address.pod === pod && ahead.address.job === job;
  const taken = isAhead ? await ahead.take(key, timeoutMs, signal) : undefined;
  if (taken !== undefined) return taken;
  const portFailed = isAhead && ahead.address.way === "port";
  if (address.way === "port" && !portFailed) {
    try {
      return { daemon: await dialPort(cluster, address, key, signal), way: "port" };
    } catch {
      signal.throwIfAborted();
    }
  }
  const pipe = await cluster.pipe(pod, DAEMON, DIAL_COMMAND, signal);
  return { daemon: await overCommand(pipe, address, key, timeoutMs, signal), way: "command" };
}

async function dialPort(cluster: Dialler, { pod, job }: Address, key: KeepKey, signal: AbortSignal): Promise<Daemon> {
  // It may fail before anything listens to it: what uses it finds it destroyed.
  const opening = cluster.port(pod, DAEMON_PORT, signal).then((opened) => opened.on("error", () => {}));
  opening.catch(() => {});
  // After the request has gone out.
  await setImmediate();
  const tls = new PreparedTls(clientTls(key, job));
  const pipe = await opening.catch((error: unknown) => {
    tls.drop();
    throw error;
  });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PORT_ANSWER_TIMEOUT_MS)]);
  const stop = (): void => void pipe.destroy(limit.reason as Error);
  limit.addEventListener("abort", stop, { once: true });
  try {
    const daemon = await Daemon.over(pipe, tls);
    await daemon.channel.ready(limit);
    return daemon;
  } catch (error) {
    pipe.destroy();
    throw error;
  } finally {
    limit.removeEventListener("abort", stop);
  }
}

async function overCommand(
  pipe: Pipe,
  { pod, job }: Address,
  key: KeepKey,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Daemon> {
  pipe.write(dialPreamble(newDaemonIdentity(key, job)));
  const daemon = await Daemon.over(pipe);
  try {
    // The daemon sends first.
    await daemon.channel.ready(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    return daemon;
  } catch (error) {
    daemon.close();
    signal.throwIfAborted();
    const said = pipe.complaints.trim().split("\n").at(-1) ?? "";
    throw new NoAnswer(`the kept builder in the pod "${pod}" does not answer${said === "" ? "" : `: ${said}`}`, {
      suggestions: [
        `See what it says: kubectl logs ${pod}`,
        "End it, and the next build starts another: slipway keep stop --all",
      ],
      cause: error,
    });
  }
}
