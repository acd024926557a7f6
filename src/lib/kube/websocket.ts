/** Opens a websocket to a streaming endpoint of the API. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { V1Status } from "@kubernetes/client-node";
import { WebSocket } from "ws";
import { ClusterError } from "../../errors.ts";
import { Backoff, pause } from "./backoff.ts";
import { RESTART_TIMEOUT_MS } from "./call.ts";
import { mayBePremature, refuse } from "./refusal.ts";
import type { Attempt, ClusterLocation } from "./refusal.ts";
import { readStatus } from "./status.ts";
import { explainNetwork, isPassing, isUnsent } from "./unreachable.ts";
import type { Upgradable, HttpClient } from "./http-client.ts";
import { waitFor } from "../waits/waits.ts";

/** Limit for the server's answer to the upgrade. */
const HANDSHAKE_TIMEOUT_MS = 15_000;

/** Limit for a close frame, which waits behind unsent data on a slow link. */
const CLOSE_TIMEOUT_MS = 120_000;

/** Attempts to connect to a server that has never answered. */
const MAX_ATTEMPTS = 4;

export interface OpenSocket {
  readonly ws: WebSocket;
  /** The socket below it, for its byte counters. */
  readonly socket: Socket;
}

/** The server answered the upgrade with an ordinary response. */
class NotUpgraded extends Error {
  readonly response: IncomingMessage;

  constructor(response: IncomingMessage) {
    super(`HTTP ${response.statusCode}`);
    this.response = response;
  }
}

/**
 * Opens a websocket with the first of the protocols that the server knows. It is paused: the caller listens for its
 * messages, errors and end, and then resumes it.
 * @param timeout of the handshake, in milliseconds
 * @throws AuthError or ClusterError with the server's message if it refuses; the signal's reason when aborted
 */
export function upgrade(...args: Parameters<typeof upgradeOnce>): Promise<OpenSocket> {
  const [, { server }] = args;
  return waitFor(`a connection to the pod by the cluster at ${server}`, () => upgradeOnce(...args));
}

async function upgradeOnce(
  http: HttpClient,
  location: ClusterLocation,
  attempt: Attempt,
  url: URL,
  protocols: readonly string[],
  signal: AbortSignal,
  timeout = HANDSHAKE_TIMEOUT_MS,
): Promise<OpenSocket> {
  const backoff = new Backoff({ first: 150, limit: 1500 });
  const started = performance.now();
  let opened: Upgradable | undefined;
  let renewed = false;
  for (;;) {
    signal.throwIfAborted();
    let ws: WebSocket | undefined;
    try {
      opened = await http.open(renewed ? opened?.credentials : undefined);
      signal.throwIfAborted();
      ws = await shakeHands(url, protocols, opened, signal, timeout);
      return { ws, socket: opened.socket };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof NotUpgraded) {
        if (error.response.statusCode === 401 && !renewed) {
          renewed = true;
          continue;
        }
        const code = error.response.statusCode ?? 0;
        const status = await readRefusal(code, error.response, opened?.socket, signal, timeout);
        signal.throwIfAborted();
        if (http.settling && mayBePremature(status)) {
          await pause(backoff.next(), signal);
          continue;
        }
        if (code >= 200 && code < 400) throw noWebsockets(location, error);
        throw refuse(status, attempt, location);
      }
      const last = http.answered
        ? performance.now() - started > RESTART_TIMEOUT_MS
        : backoff.failures >= MAX_ATTEMPTS - 1;
      if (!isUnsent(error) || !isPassing(error) || last) throw explainNetwork(error, location);
      await pause(backoff.next(), signal);
    } finally {
      // Closes the connection of a refused or aborted attempt here, because an open connection keeps the process running.
      if (ws === undefined) opened?.socket.destroy();
    }
  }
}

/** Reads the body of a refusal. A body that does not end counts as one that broke off. @param timeout in milliseconds */
async function readRefusal(
  code: number,
  body: IncomingMessage,
  socket: Socket | undefined,
  signal: AbortSignal,
  timeout: number,
): Promise<V1Status> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
  const stop = (): void => void socket?.destroy();
  limit.addEventListener("abort", stop, { once: true });
  try {
    return await readStatus(code, body);
  } finally {
    limit.removeEventListener("abort", stop);
  }
}

function shakeHands(
  url: URL,
  protocols: readonly string[],
  { socket, credentials }: Upgradable,
  signal: AbortSignal,
  timeout: number,
): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url.href.replace(/^http/, "ws"), [...protocols], {
      headers: { ...credentials.headers.for(url), "user-agent": "slipway" } as Record<string, string>,
      createConnection: () => socket,
      // The types of ws do not have it yet.
      ...({ closeTimeout: CLOSE_TIMEOUT_MS } as object),
      // The context is already compressed, and the API server does not negotiate compression.
      perMessageDeflate: false,
    });
    // The library's own time limit does not work for a connection that is already open.
    const timer = setTimeout(() => fail(unanswered(timeout)), timeout);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      ws.off("open", open).off("unexpected-response", answered);
    };
    const open = (): void => {
      settle();
      ws.off("error", fail);
      // The first message may have come together with the answer, before the caller listens.
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
    // `fail` stays after a refusal: reading its body can end with errors of the socket.
    ws.on("open", open).on("error", fail).on("unexpected-response", answered);
    signal.addEventListener("abort", stop, { once: true });
  });
}

function unanswered(timeout: number): Error {
  return Object.assign(new Error(`no answer to the websocket upgrade within ${timeout / 1000} s`), {
    code: "ETIMEDOUT",
  });
}

function noWebsockets(location: ClusterLocation, cause: unknown): ClusterError {
  return new ClusterError(`a proxy in front of the cluster at ${location.server} does not allow websockets`, {
    suggestions: [
      "Ask to have websocket upgrades allowed on the proxy or load balancer.",
      "A small context needs no websocket: use --transport configmap.",
    ],
    cause,
  });
}
