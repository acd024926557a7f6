/** The way to one API server: kept-alive connections, credentials on every request, nothing known of kinds or verbs. */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { Agent } from "undici";
import type { Dispatcher } from "undici";
import { dial } from "./dial.ts";
import { Authenticator } from "./authenticator.ts";
import type { Credentials, TlsMaterial } from "./authenticator.ts";
import { PreopenedSockets } from "./preconnect.ts";
import { chooseProxy } from "./proxy.ts";
import type { Target } from "./target.ts";
import { isPassing } from "./unreachable.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** From the server's root, e.g. /api/v1/namespaces/default/pods. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly body?: object | undefined;
  readonly contentType?: string | undefined;
  /** The answer may take for ever, and be silent in between (a watch, a followed log). */
  readonly endless?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Answer = Dispatcher.ResponseData;

/** A websocket's connection, open and ready for the upgrade request. */
export interface Upgradable {
  readonly socket: Socket;
  readonly credentials: Credentials;
}

/** Longer than the 60 s that the API server itself gives a request, in milliseconds. */
const PATIENCE = 65_000;

/**
 * How long an unused connection is kept, in milliseconds. Below the 60 s after which a common load balancer cuts one,
 * above the pauses of a build.
 */
const IDLE = 50_000;

/** How long after it was away a server may take to know everybody again, in milliseconds. */
const SETTLING = 20_000;

/** How far the clocks may differ, in milliseconds, before the server's is gone by: its answers name whole seconds, and travel. */
const SAME_CLOCK = 5000;

export class HttpClient {
  readonly server: URL;
  readonly #proxy: URL | undefined;
  readonly #authenticator: Authenticator;
  #agent: { readonly print: string; readonly agent: Agent } | undefined;
  /** Whether the server has ever answered a call as the Kubernetes API does: what fails now may be its restart. */
  answered = false;
  /** When a request last got no answer, in milliseconds of performance.now(), which no change of the clock moves. */
  #lostAt = -Infinity;
  /** How far the server's clock is before ours, in milliseconds. */
  #clockOffset = 0;
  /** Credentials that the first request finds asked for, and connections opened with them. */
  #earlyCredentials: Promise<Credentials> | undefined;
  #preopened: { readonly print: string; readonly opened: PreopenedSockets } | undefined;

  constructor(target: Target, env: Readonly<Record<string, string | undefined>> = process.env) {
    this.server = new URL(target.server.url);
    this.#proxy = chooseProxy(this.server, target.server.proxyUrl, env);
    this.#authenticator = new Authenticator(target);
  }

  /** Asks for credentials and opens connections while there is other work to do. What fails is told to the first request. */
  async preconnect(count: number): Promise<void> {
    const asked = this.#authenticator.credentials();
    this.#earlyCredentials = asked;
    const credentials = await asked.catch(() => undefined);
    // Nobody waits for it any more.
    if (credentials === undefined || this.#earlyCredentials !== asked) return;
    const dialled = Array.from({ length: count }, () => dial(this.server, this.#proxy, credentials.tls));
    this.#preopened = { print: fingerprint(credentials.tls), opened: new PreopenedSockets(dialled) };
  }

  /**
   * Sends a request and answers with whatever comes back, whatever its status. The body must be read or dumped.
   * Credentials that are not accepted are obtained anew, once.
   * @throws what the network throws; a DialError if nothing was sent.
   */
  async send(request: Request): Promise<Answer> {
    const first = await (this.#earlyCredentials ?? this.#authenticator.credentials());
    this.#earlyCredentials = undefined;
    const answer = await this.#sendAs(first, request);
    if (answer.statusCode !== 401) return answer;
    await answer.body.dump();
    await this.#authenticator.forget(first);
    return this.#sendAs(await this.#authenticator.credentials(), request);
  }

  /**
   * Whether the server may just have been restarted. For its first seconds one that knows neither roles nor accounts yet refuses
   * what it allowed before: such a refusal is not believed at once.
   */
  get settling(): boolean {
    return this.answered && performance.now() - this.#lostAt < SETTLING;
  }

  /** Opens a connection for an upgrade; `refused` are credentials the server has just not accepted. */
  async open(refused?: Credentials): Promise<Upgradable> {
    if (refused !== undefined) await this.#authenticator.forget(refused);
    const credentials = await this.#authenticator.credentials();
    return { socket: await this.#noting(dial(this.server, this.#proxy, credentials.tls)), credentials };
  }

  /** The URL of a path of the API, below the path the server itself may have. */
  url(path: string, query: URLSearchParams | Readonly<Record<string, string>> = {}): URL {
    const url = new URL(this.server.href);
    url.pathname = `${this.server.pathname.replace(/\/$/, "")}${path}`;
    url.search = new URLSearchParams(query).toString();
    return url;
  }

  /** Cuts every connection; what is under way fails. */
  async close(): Promise<void> {
    this.#earlyCredentials = undefined;
    this.#preopened?.opened.close();
    await this.#agent?.agent.destroy();
    this.#agent = undefined;
  }

  async #sendAs(
    credentials: Credentials,
    { method, path, query, body, contentType, endless, signal }: Request,
  ): Promise<Answer> {
    const url = this.url(path, query);
    const headers: Record<string, string | string[]> = { accept: "application/json, */*", "user-agent": "slipway" };
    for (const [name, value] of Object.entries(credentials.headers)) {
      headers[name] = typeof value === "string" ? value : [...value];
    }
    if (body !== undefined) headers["content-type"] = contentType ?? "application/json";
    const asked = this.#agentFor(credentials.tls).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      headersTimeout: PATIENCE,
      bodyTimeout: endless === true ? 0 : PATIENCE,
    });
    const answer = await this.#noting(asked);
    this.#compareClocks(answer.headers["date"]);
    return answer;
  }

  /** The time by the server's clock, in milliseconds since 1970; by ours, while it has not said. */
  now(): number {
    return Date.now() + this.#clockOffset;
  }

  /** @param date as in HTTP (RFC 9110, 5.6.7) */
  #compareClocks(date: string | string[] | undefined): void {
    const offset = Date.parse(String(date)) - Date.now();
    this.#clockOffset = Math.abs(offset) > SAME_CLOCK ? offset : 0;
  }

  async #noting<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      // What we gave up ourselves says nothing of the server.
      if (isPassing(error)) this.#lostAt = performance.now();
      throw error;
    }
  }

  /** One agent as long as the certificates stay the same: a connection carries the identity it was opened with. */
  #agentFor(tls: TlsMaterial): Agent {
    const print = fingerprint(tls);
    if (this.#agent?.print === print) return this.#agent.agent;
    // Lets what is under way end on the old connections; the last of them closes it.
    this.#agent?.agent.close().catch(() => {});
    const agent = new Agent({
      keepAliveTimeout: IDLE,
      keepAliveMaxTimeout: IDLE,
      connect: (_, callback) => {
        void answer(this.#connection(tls, print), callback);
      },
    });
    this.#agent = { print, agent };
    return agent;
  }

  async #connection(tls: TlsMaterial, print: string): Promise<Socket> {
    const ahead = this.#preopened?.print === print ? await this.#preopened.opened.take() : undefined;
    return ahead ?? dial(this.server, this.#proxy, tls);
  }
}

/** Hands a promise's outcome to a callback, out of the promise's reach: what the callback throws is not for it to catch. */
async function answer(
  dialled: Promise<Socket>,
  callback: (...outcome: [null, Socket] | [Error, null]) => void,
): Promise<void> {
  const outcome = await dialled.then(
    (socket): [null, Socket] => [null, socket],
    (error: Error): [Error, null] => [error, null],
  );
  callback(...outcome);
}

function fingerprint(tls: TlsMaterial): string {
  const hash = createHash("sha256");
  for (const part of [tls.ca, tls.cert, tls.key, tls.servername, String(tls.rejectUnauthorized)]) {
    hash.update(part ?? "").update("\0");
  }
  return hash.digest("hex");
}
