/**
 * The HTTP client for everything but the API server: registries and their token services, Vault, URLs of contexts. Goes through the
 * proxies of the environment, follows redirects if asked to, and sends a credential only to the origin that it belongs to.
 */
import type { Readable } from "node:stream";
import { connectThrough } from "./connect-through.ts";
import type { Dial } from "./connect-through.ts";
import { Connections } from "./connections.ts";
import type { Answer } from "./connections.ts";
import { dial as dialHere } from "./dial.ts";
import type { TlsMaterial } from "./dial.ts";
import { proxyHeaders } from "./origin-headers.ts";
import type { OriginHeaders } from "./origin-headers.ts";
import { chooseProxy } from "./proxy.ts";
import { drain } from "./read-body.ts";
import { waitFor } from "../waits/waits.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface WebOptions {
  readonly tls: TlsMaterial;
  readonly env?: Environment;
  /** Opens a connection from another machine, which has its own way to the network; absent: from this one. */
  readonly dial?: Dial | undefined;
}

export interface WebRequest {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Without credentials: those are `secrets`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | Readable | undefined;
  /** Each is sent to its own origin and to no other. */
  readonly secrets?: OriginHeaders | undefined;
  /** Redirects to follow, default none. Only for GET. */
  readonly redirects?: number;
  readonly signal?: AbortSignal;
  /** Milliseconds until the head of the answer; default SILENCE_TIMEOUT_MS. */
  readonly headersTimeout?: number | undefined;
  /** Milliseconds without a byte of the body; default SILENCE_TIMEOUT_MS. */
  readonly bodyTimeout?: number | undefined;
}

export interface WebAnswer {
  /** The URL that answered, after redirects. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Must be read, drained or abandoned. */
  readonly body: Answer["body"];
}

/** Why a redirect or a link is not followed. */
export type Refusal = "not a URL" | "not http" | "https to http" | "too many";

/** A redirect that is not followed. The message is a clause: `it redirects from https to http`. */
export class RedirectRefused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(CLAUSES[refusal]);
    this.name = "RedirectRefused";
    this.refusal = refusal;
  }
}

const CLAUSES: Readonly<Record<Refusal, string>> = {
  "not a URL": "it redirects to something that is not a URL",
  "not http": "it redirects to another protocol than http",
  "https to http": "it redirects from https to http",
  "too many": "it redirects too many times",
};

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Returns the target of a redirect or a link. @throws RedirectRefused for anything but http and https, and from https to http */
export function follow(from: URL, location: string): URL {
  const to = URL.parse(location, from.href);
  if (to === null) throw new RedirectRefused("not a URL");
  if (to.protocol !== "https:" && to.protocol !== "http:") throw new RedirectRefused("not http");
  if (from.protocol === "https:" && to.protocol === "http:") throw new RedirectRefused("https to http");
  return to;
}

export class WebClient {
  readonly #env: Environment;
  readonly #remote: boolean;
  /** For https, and for http without a proxy. */
  readonly #direct: Connections;
  /** For http through an http proxy: its connections end at the proxy. */
  readonly #forwarding: Connections;

  constructor({ tls, env = process.env, dial }: WebOptions) {
    this.#env = env;
    this.#remote = dial !== undefined;
    this.#direct = new Connections({
      open: (server) =>
        dial === undefined
          ? dialHere(server, chooseProxy(server, undefined, env), tls, env)
          : connectThrough(dial, server, tls),
    });
    this.#forwarding = new Connections({ open: (proxy) => dialHere(proxy, undefined, {}, env) });
  }

  /**
   * Sends a request and returns the answer, of any status.
   * @throws errors of the network; DialError if nothing was sent; RedirectRefused; InvalidInput for a proxy that cannot be used
   */
  async send(url: URL, request: WebRequest): Promise<WebAnswer> {
    const { redirects = 0 } = request;
    for (let at = url, hop = 0; ; hop++) {
      const answer = await this.#sendOnce(at, request);
      const { location } = answer.headers;
      if (redirects === 0 || !REDIRECTS.has(answer.status) || typeof location !== "string") return answer;
      await drain(answer.body);
      if (hop >= redirects) throw new RedirectRefused("too many");
      at = follow(at, location);
    }
  }

  /** Closes every connection. Requests under way fail. */
  close(): void {
    this.#direct.destroy();
    this.#forwarding.destroy();
  }

  async #sendOnce(
    url: URL,
    { method = "GET", headers = {}, body, secrets, signal, headersTimeout, bodyTimeout }: WebRequest,
  ): Promise<WebAnswer> {
    const proxy = this.#forwarderOf(url);
    const path = `${url.pathname}${url.search}`;
    const connections = proxy === undefined ? this.#direct : this.#forwarding;
    const { statusCode, ...answer } = await waitFor(url.host, () =>
      connections.request({
        method,
        // The absolute form of a request, as proxies want it (RFC 9112, section 3.2.2).
        ...(proxy === undefined ? { server: url, target: path } : { server: proxy, target: `${url.origin}${path}` }),
        headers: {
          ...headers,
          ...secrets?.for(url),
          ...(proxy === undefined ? {} : { host: url.host, ...proxyHeaders(proxy) }),
        },
        body,
        signal,
        headersTimeout,
        bodyTimeout,
      }),
    );
    return { url, status: statusCode, headers: answer.headers, body: answer.body };
  }

  /** The proxy to which a request for plain http is sent whole, as Go and curl do. Through any other a connection is made. */
  #forwarderOf(url: URL): URL | undefined {
    if (this.#remote || url.protocol !== "http:") return undefined;
    const proxy = chooseProxy(url, undefined, this.#env);
    return proxy?.protocol.startsWith("socks") === true ? undefined : proxy;
  }
}
