/** Lists, then watches for ever: a cut is followed by a reconnect, a gap by a new list. Nothing is lost in silence. */
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

/** The server ends each watch after this many seconds; so a connection that died unnoticed is left at last. */
const WATCH_SECONDS = 290;

/** A server that does not keep to that is cut off, this many milliseconds later. */
const GRACE = 30_000;

/** A watch that ends sooner than this, in milliseconds, has failed: something in between cuts every one of them. */
const SHORT = 1000;

/** So many failures in a row, some five minutes of them, will not pass by themselves. */
const ENOUGH = 40;

interface RawEvent {
  readonly type: string;
  readonly object: { readonly metadata?: { readonly resourceVersion?: string } };
}

const TYPES: Readonly<Record<string, "added" | "modified" | "deleted">> = {
  ADDED: "added",
  MODIFIED: "modified",
  DELETED: "deleted",
};

/** The version to go on from is too old, or was never known: all must be listed anew. */
const EXPIRED = Symbol("expired");

/**
 * Follows a collection. The first thing it yields is the list. Returns when `signal` is aborted.
 * @throws AuthError or ClusterError for what will not pass; at the first list also for a server that cannot be reached.
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
      if (version !== undefined && performance.now() - started > SHORT) backoff.reset();
      else await pause(backoff.next(), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!listed || !mayPass(error) || backoff.failures >= ENOUGH) throw error;
      if (refusalOf(error)?.code === 410) version = undefined;
      await pause(backoff.next(), signal).catch(() => {});
    }
  }
}

/** One watch request's events. It ends, without an error, wherever the connection does. */
async function* readEvents(
  http: HttpClient,
  location: ClusterLocation,
  { kind, selector, version, ...attempt }: Attempt & { kind: Kind; selector: Selector; version: string },
  signal: AbortSignal,
): AsyncGenerator<RawEvent | typeof EXPIRED, void> {
  const cut = new AbortController();
  const limit = AbortSignal.any([signal, cut.signal]);
  const timer = setTimeout(() => cut.abort(), WATCH_SECONDS * 1000 + GRACE);
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
    // A refusal is for the caller to judge; whatever else happens to a watch that is open is a cut.
    if (error instanceof ClusterError || error instanceof AuthError) throw error;
  } finally {
    clearTimeout(timer);
    cut.abort();
  }
}

/** The event in a line; undefined for half of one, which is as good as a cut. */
function parseEvent(line: string): RawEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<RawEvent> | null;
    return event?.type !== undefined && event.object !== undefined ? (event as RawEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it may be otherwise in a while: everything but a refusal that is about us. */
function mayPass(error: unknown): boolean {
  if (error instanceof AuthError) return false;
  const code = refusalOf(error)?.code;
  return error instanceof ClusterError && (code === undefined || code === 410 || code === 429 || code >= 500);
}
