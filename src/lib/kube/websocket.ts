/** Opens a websocket to one of the API's streaming endpoints. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { ClusterError } from "../../errors.ts";
import { Backoff, pause } from "./backoff.ts";
import { mayBePremature, refuse } from "./refusal.ts";
import type { Attempt, ClusterLocation } from "./refusal.ts";
import { readStatus } from "./status.ts";
import { explainNetwork, isPassing, isUnsent } from "./unreachable.ts";
import type { Upgradable, HttpClient } from "./http-client.ts";

/** How long the server may take to agree, in milliseconds. */
const HANDSHAKE = 15_000;

/** How long a close frame may take behind what waits to be sent on a slow link, in milliseconds. */
const CLOSING = 120_000;

/** How often a connection is tried while nothing has been sent, to a server that has never answered. */
const TRIES = 4;

/** One that has answered before may take so long to be restarted, in milliseconds. */
const RESTART = 60_000;

export interface OpenSocket {
  readonly ws: WebSocket;
  /** What lies beneath, for its counters. */
  readonly socket: Socket;
}

/** The server answered the upgrade with something else. */
class NotUpgraded extends Error {
  readonly response: IncomingMessage;

  constructor(response: IncomingMessage) {
    super(`HTTP ${response.statusCode}`);
    this.response = response;
  }
}

/**
 * Opens a websocket, with the first of the protocols that the server knows. It is paused: the caller listens for its
 * messages, its errors and its end, and then resumes it.
 * @throws AuthError or ClusterError with the server's own words if it refuses; the signal's reason when aborted.
 */
export async function upgrade(
  http: HttpClient,
  location: ClusterLocation,
  attempt: Attempt,
  url: URL,
  protocols: readonly string[],
  signal: AbortSignal,
  patience = HANDSHAKE,
): Promise<OpenSocket> {
  const backoff = new Backoff({ first: 150, limit: 1500 });
  const started = performance.now();
  let opened: Upgradable | undefined;
  let renewed = false;
  for (;;) {
    signal.throwIfAborted();
    try {
      opened = await http.open(renewed ? opened?.credentials : undefined);
      return { ws: await shakeHands(url, protocols, opened, signal, patience), socket: opened.socket };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NotUpgraded) {
        if (error.response.statusCode === 401 && !renewed) {
          error.response.destroy();
          renewed = true;
          continue;
        }
        const code = error.response.statusCode ?? 0;
        const status = await readStatus(code, error.response);
        if (http.settling && mayBePremature(status)) {
          await pause(backoff.next(), signal);
          continue;
        }
        if (code >= 200 && code < 400) throw noWebsockets(location, error);
        throw refuse(status, attempt, location);
      }
      const last = http.answered ? performance.now() - started > RESTART : backoff.failures >= TRIES - 1;
      if (!isUnsent(error) || !isPassing(error) || last) throw explainNetwork(error, location);
      await pause(backoff.next(), signal);
    }
  }
}

function shakeHands(
  url: URL,
  protocols: readonly string[],
  { socket, credentials }: Upgradable,
  signal: AbortSignal,
  patience: number,
): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(
      Object.entries(credentials.headers).map(([name, value]) => [
        name,
        typeof value === "string" ? value : [...value],
      ]),
    );
    const ws = new WebSocket(url.href.replace(/^http/, "ws"), [...protocols], {
      headers: { ...headers, "user-agent": "slipway" } as Record<string, string>,
      createConnection: () => socket,
      // Its types do not know it yet.
      ...({ closeTimeout: CLOSING } as object),
      // The context is compressed already, and the API server does not negotiate it.
      perMessageDeflate: false,
    });
    // The library's own time limit does not work on a connection that is open already.
    const timer = setTimeout(() => fail(unanswered(patience)), patience);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      ws.off("open", open).off("unexpected-response", answered);
    };
    const open = (): void => {
      settle();
      ws.off("error", fail);
      // The first message may have come together with the server's consent, and nobody listens yet.
      ws.pause();
      resolve(ws);
    };
    const fail = (error: Error): void => {
      settle();
      ws.terminate();
      reject(error);
    };
    const answered = (_: unknown, response: IncomingMessage): void => {
      settle();
      reject(new NotUpgraded(response));
    };
    const stop = (): void => fail(signal.reason as Error);
    // `fail` stays on after a refusal: reading its body ends in the socket's own errors.
    ws.on("open", open).on("error", fail).on("unexpected-response", answered);
    signal.addEventListener("abort", stop, { once: true });
  });
}

function unanswered(patience: number): Error {
  return Object.assign(new Error(`no answer to the websocket upgrade within ${patience / 1000} s`), {
    code: "ETIMEDOUT",
  });
}

function noWebsockets(location: ClusterLocation, cause: unknown): ClusterError {
  return new ClusterError(`the way to the cluster at ${location.server} lets no websocket through`, {
    suggestions: [
      "Ask for websocket upgrades to be allowed on the proxy or load balancer in between.",
      "A small context needs none: --transport configmap.",
    ],
    cause,
  });
}
