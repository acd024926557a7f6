/** HTTP client for one API server: keeps connections alive and adds credentials to requests. Knows no kinds or verbs. */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { Connections } from "../http/connections.ts";
import type { Answer } from "../http/connections.ts";
import { dial } from "../http/dial.ts";
import { Authenticator } from "./authenticator.ts";
import type { Credentials } from "./authenticator.ts";
import type { TlsMaterial } from "../http/dial.ts";
import { drain } from "../http/read-body.ts";
import { PreopenedSockets } from "./preconnect.ts";
import { chooseProxy } from "../http/proxy.ts";
import type { Target } from "./target.ts";
import { isPassing } from "./unreachable.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Path below the server's URL: /api/v1/namespaces/default/pods. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly body?: object | undefined;
  readonly contentType?: string | undefined;
  /** The answer has no end and may be silent in between (a watch, a followed log). */
  readonly endless?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type { Answer } from "../http/connections.ts";

/** An open connection, ready for the upgrade to a websocket. */
export interface Upgradable {
  readonly socket: Socket;
  readonly credentials: Credentials;
}

/** Longer than the API server's own limit of 60 s for a request. */
const REQUEST_TIMEOUT_MS = 65_000;

/**
 * How long an unused connection is kept: shorter than the 60 s after which common load balancers drop one, longer than
 * the pauses of a build.
 */
export const IDLE_TIMEOUT_MS = 50_000;

/** After a restart, a server may take this long until it knows all roles and accounts. */
const SETTLING_TIME_MS = 20_000;

/** The server's clock is used only above this difference: its answers have whole seconds, and take time to arrive. */
const CLOCK_TOLERANCE_MS = 5000;

export class HttpClient {
  readonly server: URL;
  readonly #proxy: URL | undefined;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #authenticator: Authenticator;
  #kept: { readonly print: string; readonly connections: Connections } | undefined;
  /** Whether the server has answered a call as a Kubernetes API: a later failure may be its restart. */
  answered = false;
  /** Time of the last request without an answer, by performance.now(), which does not jump when the clock is set. */
  #lostAt = -Infinity;
  /** Milliseconds that the server's clock is ahead of ours. */
  #clockOffset = 0;
  /** Credentials requested ahead of the first request, and connections opened with them. */
  #earlyCredentials: Promise<Credentials> | undefined;
  #preopened: { readonly print: string; readonly opened: PreopenedSockets } | undefined;
  /** Connections for upgrades that are still open. */
  readonly #upgradable = new Set<Socket>();
  #closed = false;

  constructor(target: Target, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.server = new URL(target.server.url);
    this.#proxy = chooseProxy(this.server, target.server.proxyUrl, env);
    this.#env = env;
    this.#authenticator = new Authenticator(target);
  }

  /** Gets credentials and opens connections in the background, at the first call. The first request reports a failure. */
  async preconnect(count: number): Promise<void> {
    // Builds of one command share a client, and each prepares it.
    if (this.#earlyCredentials !== undefined || this.#preopened !== undefined) return;
    const asked = this.#authenticator.credentials();
    this.#earlyCredentials = asked;
    const credentials = await asked.catch(() => undefined);
    // A request or close() came first.
    if (credentials === undefined || this.#earlyCredentials !== asked) return;
    const dialled = Array.from({ length: count }, () => dial(this.server, this.#proxy, credentials.tls, this.#env));
    this.#preopened = { print: fingerprint(credentials.tls), opened: new PreopenedSockets(dialled) };
  }

  /**
   * Sends a request and returns the answer, of any status. Its body must be read or dumped.
   * If the server rejects the credentials, it tries once again with new ones.
   * @throws errors of the network; DialError if nothing was sent
   */
  async send(request: Request): Promise<Answer> {
    const first = await (this.#earlyCredentials ?? this.#authenticator.credentials());
    this.#earlyCredentials = undefined;
    const answer = await this.#sendAs(first, request);
    if (answer.statusCode !== 401) return answer;
    await drain(answer.body);
    await this.#authenticator.forget(first);
    return this.#sendAs(await this.#authenticator.credentials(), request);
  }

  /**
   * Whether the server may just have been restarted. In its first seconds it does not know all roles and accounts, and may
   * refuse what it allowed before: such a refusal is not final.
   */
  get settling(): boolean {
    return this.answered && performance.now() - this.#lostAt < SETTLING_TIME_MS;
  }

  /** Opens a connection for an upgrade. @param refused credentials that the server has just rejected */
  async open(refused?: Credentials): Promise<Upgradable> {
    if (refused !== undefined) await this.#authenticator.forget(refused);
    const credentials = await this.#authenticator.credentials();
    const socket = await this.#recordLoss(this.#connection(credentials.tls, fingerprint(credentials.tls)));
    this.#upgradable.add(socket);
    socket.once("close", () => this.#upgradable.delete(socket));
    if (this.#closed) socket.destroy();
    return { socket, credentials };
  }

  /** The URL of a path of the API, below the path in the server's own URL. */
  url(path: string, query: URLSearchParams | Readonly<Record<string, string>> = {}): URL {
    const url = new URL(this.server.href);
    url.pathname = `${this.server.pathname.replace(/\/$/, "")}${path}`;
    url.search = new URLSearchParams(query).toString();
    return url;
  }

  /** Closes every connection, upgraded ones too. Requests under way fail. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#upgradable) socket.destroy();
    this.#earlyCredentials = undefined;
    this.#preopened?.opened.close();
    this.#kept?.connections.destroy();
    this.#kept = undefined;
  }

  async #sendAs(
    credentials: Credentials,
    { method, path, query, body, contentType, endless, signal }: Request,
  ): Promise<Answer> {
    const url = this.url(path, query);
    const headers: Record<string, string | string[]> = {
      accept: "application/json, */*",
      "user-agent": "slipway",
      ...credentials.headers.for(url),
    };
    if (body !== undefined) headers["content-type"] = contentType ?? "application/json";
    const asked = this.#connectionsFor(credentials.tls).request({
      server: url,
      target: url.pathname + url.search,
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: endless === true ? 0 : REQUEST_TIMEOUT_MS,
    });
    const answer = await this.#recordLoss(asked);
    this.#compareClocks(answer.headers["date"]);
    return answer;
  }

  /** The time of the server's clock in milliseconds since 1970. Until the server has answered, it is this machine's time. */
  now(): number {
    return Date.now() + this.#clockOffset;
  }

  /** @param date as in HTTP (RFC 9110, 5.6.7) */
  #compareClocks(date: string | string[] | undefined): void {
    const offset = Date.parse(String(date)) - Date.now();
    this.#clockOffset = Math.abs(offset) > CLOCK_TOLERANCE_MS ? offset : 0;
  }

  async #recordLoss<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      // A request that we aborted tells nothing about the server.
      if (isPassing(error)) this.#lostAt = performance.now();
      throw error;
    }
  }

  /** The same ones for the same certificates: a connection keeps the identity that it was opened with. */
  #connectionsFor(tls: TlsMaterial): Connections {
    const print = fingerprint(tls);
    if (this.#kept?.print === print) return this.#kept.connections;
    // Requests under way end on the old connections.
    this.#kept?.connections.close();
    const connections = new Connections({ idleTimeoutMs: IDLE_TIMEOUT_MS, open: () => this.#connection(tls, print) });
    this.#kept = { print, connections };
    return connections;
  }

  async #connection(tls: TlsMaterial, print: string): Promise<Socket> {
    const ahead = this.#preopened?.print === print ? await this.#preopened.opened.take() : undefined;
    return ahead ?? dial(this.server, this.#proxy, tls, this.#env);
  }
}

function fingerprint(tls: TlsMaterial): string {
  const hash = createHash("sha256");
  for (const part of [tls.ca, tls.cert, tls.key, tls.servername, String(tls.rejectUnauthorized)]) {
    hash.update(String(part ?? "")).update("\0");
  }
  return hash.digest("hex");
}
