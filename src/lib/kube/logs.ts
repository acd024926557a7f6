/** Follows a container's log over any number of cuts, each line once: timestamps tell what was seen (seen.ts). */
import { AuthError, ClusterError } from "../../errors.ts";
import { Backoff, pause } from "./backoff.ts";
import { call } from "./call.ts";
import type { LogLine, LogOptions } from "./cluster.ts";
import { pathOf } from "./kinds.ts";
import { LineSplitter } from "./lines.ts";
import { ContactLost, refusalOf } from "./refusal.ts";
import type { Place } from "./refusal.ts";
import { Seen, normaliseStamp } from "./log-dedupe.ts";
import { Silence } from "./stall-detector.ts";
import type { Wire } from "./http-client.ts";

/** So many failures in a row, some five minutes of them, will not pass by themselves. */
const ENOUGH = 60;

/** A stream that lived for so long, in milliseconds, has not failed, whether or not there was anything to say. */
const LONG = 10_000;

/** Stands where lines are missing that nobody can have any more: only a container's newest log file can be read. */
const LOST: LogLine = {
  timestamp: "",
  line: "[slipway: lines are missing here: the node rotated the log while the connection to it was cut]",
};

interface Log {
  readonly wire: Wire;
  readonly place: Place;
  readonly pod: string;
  readonly container: string;
}

/** How one stream came to its end, and what stood after its last line feed. */
interface End {
  readonly clean: boolean;
  readonly rest: string;
  /** There is no log: the container has not started. */
  readonly waiting?: boolean;
}

/**
 * Yields the log's lines from the first to the last. Returns when the container has ended and all was read, or when
 * `signal` is aborted.
 * @throws AuthError or ClusterError for what will not pass, or if the last lines of a log that was cut are gone.
 */
export async function* logs(
  log: Log,
  ended: () => Promise<boolean> | boolean,
  signal: AbortSignal,
  backoff: Backoff = new Backoff({ first: 100, limit: 5000 }),
  { follow = true }: LogOptions = {},
): AsyncGenerator<LogLine, void> {
  const seen = new Seen();
  let first = true;
  let end: End = { clean: false, rest: "" };
  try {
    for (let open = follow; open;) {
      const started = performance.now();
      end = yield* tryStream(log, { seen, ended, backoff, first, follow: true }, signal);
      first = false;
      if (performance.now() - started > LONG) backoff.reset();
      if (!end.clean && backoff.failures >= ENOUGH) throw alwaysCut(log);
      open = !(await ended());
      if (open) await pause(end.clean ? Math.min(500, backoff.next()) : backoff.next(), signal);
    }
    // A proxy or a kubelet that goes away can end the stream as if that were all, so the end is read once more; what is not followed is read this way alone.
    yield* readEnd(log, seen, backoff, end, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function* readEnd(
  log: Log,
  seen: Seen,
  backoff: Backoff,
  followed: End,
  signal: AbortSignal,
): AsyncGenerator<LogLine, void> {
  for (;;) {
    let end: End;
    try {
      end = yield* tryStream(log, { seen, backoff, first: false, follow: false }, signal);
    } catch (error) {
      // The pod is deleted, say. What ended cleanly is taken for all there was.
      if (!followed.clean || signal.aborted) throw error;
      end = followed;
    }
    // It ended without ever having started.
    if (end.waiting === true) return;
    if (end.clean) {
      // The last line has no line feed when the process wrote none.
      const line = parseLine(end.rest);
      if (line !== undefined && seen.admit(line.timestamp)) {
        // What is left of the stream before is no new one's beginning.
        if (seen.takeGap() && end !== followed) yield LOST;
        yield line;
      }
      return;
    }
    if (backoff.failures >= ENOUGH) throw alwaysCut(log);
    await pause(backoff.next(), signal);
  }
}

function alwaysCut({ place, pod, container }: Log): ContactLost {
  return new ContactLost(
    `the log of the container "${container}" of the pod "${pod}" cannot be read: the connection to ${place.server} is cut every time`,
    {
      suggestions: [`See whether kubectl can: kubectl logs -n ${place.namespace} ${pod} -c ${container}`],
      cause: new Error(`${ENOUGH} streams in a row were cut`),
    },
  );
}

interface Reading {
  readonly seen: Seen;
  readonly backoff: Backoff;
  readonly first: boolean;
  readonly follow: boolean;
  readonly ended?: () => Promise<boolean> | boolean;
}

/** One stream; a failure that may pass is an end that was not clean. */
async function* tryStream(log: Log, reading: Reading, signal: AbortSignal): AsyncGenerator<LogLine, End> {
  try {
    return yield* readStream(log, reading, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!mayPass(error) || reading.backoff.failures >= ENOUGH) throw error;
    // Not a failure but a matter of time, however long.
    const waiting = isWaiting(error);
    if (waiting) reading.backoff.reset();
    return { clean: false, rest: "", waiting };
  }
}

async function* readStream(
  { wire, place, pod, container }: Log,
  { seen, backoff, first, follow, ended }: Reading,
  signal: AbortSignal,
): AsyncGenerator<LogLine, End> {
  const query: Record<string, string> = { container, timestamps: "true" };
  if (follow) query["follow"] = "true";
  if (seen.since !== undefined) query["sinceTime"] = seen.since;
  seen.resume();
  const silence = new Silence(ended);
  const limit = AbortSignal.any([signal, silence.signal]);
  const splitter = new LineSplitter();
  try {
    const path = pathOf("pods", place.namespace, pod, "log");
    const attempt = { verb: "get", resource: "pods/log", name: pod } as const;
    const request = { ...attempt, method: "GET", path, query, endless: true, repeatable: true, signal: limit } as const;
    const body = await call(wire, place, request, (answer) => answer.body);
    silence.begin();
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      silence.pause();
      for (const text of splitter.push(chunk)) {
        const line = parseLine(text);
        // Without a stamp it is the kubelet speaking, not the container; it repeats itself on every stream.
        if (line === undefined ? first : seen.admit(line.timestamp)) {
          backoff.reset();
          if (seen.takeGap()) yield LOST;
          yield line ?? { timestamp: "", line: text };
        }
      }
      silence.begin();
    }
    return { clean: true, rest: splitter.rest() };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ClusterError || error instanceof AuthError) throw error;
    return { clean: false, rest: "" };
  } finally {
    silence.end();
  }
}

/** A stamped line; undefined if it has no stamp. */
function parseLine(text: string): LogLine | undefined {
  const space = text.indexOf(" ");
  const timestamp = normaliseStamp(space < 0 ? text : text.slice(0, space));
  return timestamp === undefined ? undefined : { timestamp, line: space < 0 ? "" : text.slice(space + 1) };
}

/** The container, or the pod's node, is still to come: pkg/registry/core/pod/strategy.go, pkg/kubelet/kubelet_pods.go */
function isWaiting(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal?.code === 400 && /is waiting to start|does not have a host assigned/.test(refusal.said);
}

function mayPass(error: unknown): boolean {
  if (isWaiting(error)) return true;
  const code = refusalOf(error)?.code;
  return error instanceof ClusterError && (code === undefined || code === 429 || code >= 500);
}
