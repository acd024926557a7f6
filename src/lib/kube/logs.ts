/** Follows a container's log over any number of lost connections, each line once (see log-dedupe.ts). */
import { AuthError, ClusterError } from "../../errors.ts";
import { Backoff, pause } from "./backoff.ts";
import { call } from "./call.ts";
import type { LogLine, LogOptions } from "./cluster.ts";
import { pathOf } from "./kinds.ts";
import { LineSplitter } from "./lines.ts";
import { ContactLost, refusalOf } from "./refusal.ts";
import type { ClusterLocation } from "./refusal.ts";
import { SeenLines, normaliseStamp } from "./log-dedupe.ts";
import { StallDetector } from "./stall-detector.ts";
import type { HttpClient } from "./http-client.ts";

/** More failures in a row, about five minutes of them, are permanent. */
const MAX_CONSECUTIVE_FAILURES = 60;

/** A stream that was open for this long has not failed, even if it had no lines. */
const STABLE_STREAM_MS = 10_000;

/** Longest pause before the log of a container that still runs is opened again. */
const MAX_REOPEN_PAUSE_MS = 500;

/** Marks a gap: lines that can no longer be read, as the API gives only a container's newest log file. */
const LOST: LogLine = {
  timestamp: "",
  line: "[slipway: lines are missing here: the node rotated the log while the connection to it was cut]",
};

interface Log {
  readonly http: HttpClient;
  readonly location: ClusterLocation;
  readonly pod: string;
  readonly container: string;
}

/** How a stream ended, and the text after its last line feed. */
interface End {
  readonly clean: boolean;
  readonly rest: string;
  /** There is no log: the container has not started. */
  readonly waiting?: boolean;
}

/**
 * Yields the log's lines from the first to the last. Returns when the container has ended and everything is read, or when
 * `signal` is aborted.
 * @throws AuthError or ClusterError for a permanent failure, or if the last lines of a log that was cut are gone
 */
export async function* logs(
  log: Log,
  ended: () => Promise<boolean> | boolean,
  signal: AbortSignal,
  backoff: Backoff = new Backoff({ first: 100, limit: 5000 }),
  { follow = true }: LogOptions = {},
): AsyncGenerator<LogLine, void> {
  const seen = new SeenLines();
  let first = true;
  let end: End = { clean: false, rest: "" };
  try {
    for (let open = follow; open;) {
      const started = performance.now();
      end = yield* tryStream(log, { seen, ended, backoff, first, follow: true }, signal);
      first = false;
      if (performance.now() - started > STABLE_STREAM_MS) backoff.reset();
      if (!end.clean && backoff.failures >= MAX_CONSECUTIVE_FAILURES) throw alwaysCut(log);
      open = !(await ended());
      if (open) await pause(end.clean ? Math.min(MAX_REOPEN_PAUSE_MS, backoff.next()) : backoff.next(), signal);
    }
    // A proxy or kubelet that stops can end the stream as if it were complete, so its end is read once more. Without `follow`, only this reads.
    yield* readEnd(log, seen, backoff, end, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function* readEnd(
  log: Log,
  seen: SeenLines,
  backoff: Backoff,
  followed: End,
  signal: AbortSignal,
): AsyncGenerator<LogLine, void> {
  for (;;) {
    let end: End;
    try {
      end = yield* tryStream(log, { seen, backoff, first: false, follow: false }, signal);
    } catch (error) {
      // For example, the pod is deleted. A stream that ended cleanly counts as complete.
      if (!followed.clean || signal.aborted) throw error;
      end = followed;
    }
    // The container ended before it started.
    if (end.waiting === true) return;
    if (end.clean) {
      // The last line has no line feed when the process wrote none.
      const line = parseLine(end.rest);
      if (line !== undefined && seen.admit(line.timestamp)) {
        // The rest of the stream before is not the start of a new one.
        if (seen.takeGap() && end !== followed) yield LOST;
        yield line;
      }
      return;
    }
    if (backoff.failures >= MAX_CONSECUTIVE_FAILURES) throw alwaysCut(log);
    await pause(backoff.next(), signal);
  }
}

function alwaysCut({ location, pod, container }: Log): ContactLost {
  return new ContactLost(
    `the log of the container "${container}" of the pod "${pod}" cannot be read: the connection to ${location.server} breaks every time`,
    {
      suggestions: [`Check whether kubectl can read it: kubectl logs -n ${location.namespace} ${pod} -c ${container}`],
      cause: new Error(`${MAX_CONSECUTIVE_FAILURES} streams in a row broke`),
    },
  );
}

interface Reading {
  readonly seen: SeenLines;
  readonly backoff: Backoff;
  readonly first: boolean;
  readonly follow: boolean;
  readonly ended?: () => Promise<boolean> | boolean;
}

/** Reads one stream. A failure that may be temporary is an end that is not clean. */
async function* tryStream(log: Log, reading: Reading, signal: AbortSignal): AsyncGenerator<LogLine, End> {
  try {
    return yield* readStream(log, reading, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!mayPass(error) || reading.backoff.failures >= MAX_CONSECUTIVE_FAILURES) throw error;
    // Not a failure: the container starts later.
    const waiting = isWaiting(error);
    if (waiting) reading.backoff.reset();
    return { clean: false, rest: "", waiting };
  }
}

async function* readStream(
  { http, location, pod, container }: Log,
  { seen, backoff, first, follow, ended }: Reading,
  signal: AbortSignal,
): AsyncGenerator<LogLine, End> {
  const query: Record<string, string> = { container, timestamps: "true" };
  if (follow) query["follow"] = "true";
  if (seen.since !== undefined) query["sinceTime"] = seen.since;
  seen.resume();
  const silence = new StallDetector(ended);
  const limit = AbortSignal.any([signal, silence.signal]);
  const splitter = new LineSplitter();
  try {
    const path = pathOf("pods", location.namespace, pod, "log");
    const attempt = { verb: "get", resource: "pods/log", name: pod } as const;
    const request = { ...attempt, method: "GET", path, query, endless: true, repeatable: true, signal: limit } as const;
    const body = await call(http, location, request, (answer) => answer.body);
    silence.begin();
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      silence.pause();
      for (const text of splitter.push(chunk)) {
        const line = parseLine(text);
        // A line without a timestamp comes from the kubelet, not from the container. Every stream repeats it.
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

/** A line with its timestamp; undefined if it has none. */
function parseLine(text: string): LogLine | undefined {
  const space = text.indexOf(" ");
  const timestamp = normaliseStamp(space < 0 ? text : text.slice(0, space));
  return timestamp === undefined ? undefined : { timestamp, line: space < 0 ? "" : text.slice(space + 1) };
}

/** The container has not started, or the pod has no node yet: pkg/registry/core/pod/strategy.go, pkg/kubelet/kubelet_pods.go */
function isWaiting(error: unknown): boolean {
  const refusal = refusalOf(error);
  return refusal?.code === 400 && /is waiting to start|does not have a host assigned/.test(refusal.reported);
}

function mayPass(error: unknown): boolean {
  if (isWaiting(error)) return true;
  const code = refusalOf(error)?.code;
  return error instanceof ClusterError && (code === undefined || code === 429 || code >= 500);
}
