/** Lists, then watches without end: reconnects after a lost connection, and lists again after a gap. No change is lost silently. */
import type { V1Status } from "@kubernetes/client-node";
import type { Api } from "./api.ts";
import { Backoff, pause } from "./backoff.ts";
import { call } from "./call.ts";
import type { Kind, Kinds, Selector, WatchEvent } from "./cluster.ts";
import { pathOf } from "./kinds.ts";
import { LineSplitter } from "./lines.ts";
import { refusalOf, refuse } from "./refusal.ts";
import type { Attempt, ClusterLocation } from "./refusal.ts";
import { AuthError, ClusterError } from "../../errors.ts";
import type { HttpClient } from "./http-client.ts";

/** Limit that the server is asked to set, so that a connection that died unnoticed ends. */
const WATCH_SECONDS = 290;

/** A watch that lasts this much longer is aborted. */
const WATCH_GRACE_MS = 30_000;

/** A watch that ends sooner has failed: a proxy may cut every one of them. */
const MIN_WATCH_MS = 1000;

/** More failures in a row, about five minutes of them, are permanent. */
const MAX_CONSECUTIVE_FAILURES = 40;

interface RawEvent {
  readonly type: string;
  readonly object: { readonly metadata?: { readonly resourceVersion?: string } };
}

const TYPES: Readonly<Record<string, "added" | "modified" | "deleted">> = {
  ADDED: "added",
  MODIFIED: "modified",
  DELETED: "deleted",
};

/** The resource version is too old or unknown: the collection must be listed again. */
const EXPIRED = Symbol("expired");

/**
 * Follows a collection. It yields the list first. Returns when `signal` is aborted.
 * @throws AuthError or ClusterError for a permanent failure; for the first list also if the server cannot be reached
 */
export async function* watch<K extends Kind>(
  { http, api, location }: { http: HttpClient; api: Api; location: ClusterLocation },
  kind: K,
  selector: Selector,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<Kinds[K]>, void> {
  const attempt: Attempt = { verb: "watch", resource: kind };
  const backoff = new Backoff();
  let version: string | undefined;
  let listed = false;

  while (!signal.aborted) {
    try {
      if (version === undefined) {
        const { items, resourceVersion } = await api.listing(kind, selector, signal);
        listed = true;
        version = resourceVersion;
        yield { type: "listed", objects: items };
      }
      const started = performance.now();
      for await (const event of readEvents(http, location, { ...attempt, kind, selector, version }, signal)) {
        if (event === EXPIRED) {
          version = undefined;
          break;
        }
        backoff.reset();
        version = event.object.metadata?.resourceVersion ?? version;
        const type = TYPES[event.type];
        if (type !== undefined) yield { type, object: event.object as Kinds[K] };
      }
      if (version !== undefined && performance.now() - started > MIN_WATCH_MS) backoff.reset();
      else await pause(backoff.next(), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!listed || !mayPass(error) || backoff.failures >= MAX_CONSECUTIVE_FAILURES) throw error;
      if (refusalOf(error)?.code === 410) version = undefined;
      await pause(backoff.next(), signal).catch(() => {});
    }
  }
}

/** The events of one watch request. Ends without an error when the connection ends. */
async function* readEvents(
  http: HttpClient,
  location: ClusterLocation,
  { kind, selector, version, ...attempt }: Attempt & { kind: Kind; selector: Selector; version: string },
  signal: AbortSignal,
): AsyncGenerator<RawEvent | typeof EXPIRED, void> {
  const cut = new AbortController();
  const limit = AbortSignal.any([signal, cut.signal]);
  const timer = setTimeout(() => cut.abort(), WATCH_SECONDS * 1000 + WATCH_GRACE_MS);
  const splitter = new LineSplitter();
  try {
    const query = {
      ...selector,
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: version,
      timeoutSeconds: String(WATCH_SECONDS),
    };
    const path = pathOf(kind, location.namespace);
    const request = { ...attempt, method: "GET", path, query, endless: true, repeatable: true, signal: limit } as const;
    const body = await call(http, location, request, (answer) => answer.body);
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      for (const line of splitter.push(chunk)) {
        const event = parseEvent(line);
        if (event === undefined) return;
        if (event.type !== "ERROR") {
          yield event;
          continue;
        }
        const status = event.object as V1Status;
        if (status.code === 410) yield EXPIRED;
        else throw refuse(status, attempt, location);
        return;
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    // The caller handles refusals. Any other error of an open watch is a lost connection.
    if (error instanceof ClusterError || error instanceof AuthError) throw error;
  } finally {
    clearTimeout(timer);
    cut.abort();
  }
}

/** The event in a line; undefined for an incomplete one, which counts as a lost connection. */
function parseEvent(line: string): RawEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<RawEvent> | null;
    return event?.type !== undefined && event.object !== undefined ? (event as RawEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the failure may be temporary: any but a refusal of the request itself. */
function mayPass(error: unknown): boolean {
  if (error instanceof AuthError) return false;
  const code = refusalOf(error)?.code;
  return error instanceof ClusterError && (code === undefined || code === 410 || code === 429 || code >= 500);
}
