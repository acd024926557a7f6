/**
 * The parts of the registry API (OCI distribution-spec 1.1) that slipway needs. The registry chooses the authentication by
 * WWW-Authenticate: Basic, or a token for the same credential (distribution's token specification).
 */
import type { Readable } from "node:stream";
import { Agent, request } from "undici";
import type { Reference } from "../image/reference.ts";
import { isLocalRegistry } from "../image/registry-host.ts";
import type { Credential } from "../credentials/credentials.ts";
import { SlipwayError } from "../../errors.ts";
import { authorize } from "./authorization.ts";
import type { Exchange, TokenWishes } from "./authorization.ts";
import { connectThrough } from "./connect-through.ts";
import type { Dial } from "./connect-through.ts";
import { followRedirects } from "./follow-redirects.ts";
import type { Limits, Raw } from "./follow-redirects.ts";
import { RegistryError } from "./registry-error.ts";

export interface RegistryOptions {
  /** Hosts for which https without verification, or plain http, is allowed. */
  readonly insecure: readonly string[];
  /** PEM certificates, trusted in addition to the system's. */
  readonly ca?: string;
  readonly credential: (registry: string) => Promise<Credential | undefined>;
  /** Limit for a whole request, or for the next bytes of a stream, in milliseconds. */
  readonly timeout: number;
  /** Aborts every request. */
  readonly signal?: AbortSignal;
  /** Opens a connection from another machine; absent: from this one. */
  readonly dial?: Dial;
  readonly tokens?: TokenWishes;
}

/** One request of the registry's API. */
export interface RegistryQuestion {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Path below `/v2/`, or an absolute URL from the registry. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream can be sent only once: use it only for scopes that an earlier request has had. */
  readonly body?: Uint8Array | Readable;
  /** Scopes of the token: `repository:team/app:pull`. */
  readonly scopes: readonly string[];
}

export interface RegistryAnswer {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** An answer whose bytes are read as they arrive. */
export interface RegistryStream {
  readonly url: string;
  readonly status: number;
  /** Number of bytes, if the registry sends it. */
  readonly length: number | undefined;
  readonly body: Readable;
}

/** Result for an answer that asks for the other scheme. */
const WRONG_SCHEME = Symbol("wrong scheme");

/** Upper bound for the time without a byte of a stream: undici's default. */
const MAX_SILENCE_MS = 300_000;

export class RegistryClient {
  readonly #options: RegistryOptions;
  /** The last authorization by registry and scopes, and the scheme by registry. */
  readonly #authorizations = new Map<string, string>();
  readonly #schemes = new Map<string, string>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /**
   * The body of `GET /v2/REPOSITORY/path`.
   * @throws RegistryError if the registry cannot be reached or refuses
   */
  async get(reference: Reference, path: string, accept: string): Promise<string> {
    const { registry, repository } = reference;
    const scopes = [`repository:${repository}:pull`];
    const question = { method: "GET", path: `${repository}/${path}`, headers: { accept }, scopes } as const;
    const { status, url, body } = await this.ask(registry, question);
    if (status === 200) return body;
    throw new RegistryError(registry, `${url} answered ${status}`, { status });
  }

  /**
   * The answer, of any status. Authenticates if the registry asks for it.
   * @throws RegistryError if there is no answer, or the token service sent no token
   */
  ask(registry: string, question: RegistryQuestion): Promise<RegistryAnswer> {
    const limits = { signal: this.#until(AbortSignal.timeout(this.#options.timeout)) };
    return this.#converse(registry, question, limits, async (url, { statusCode, headers, body }) => {
      const answer = { url, status: statusCode, headers, body: await body.text() };
      return wantsTls(answer) ? WRONG_SCHEME : answer;
    });
  }

  /**
   * The bytes of `GET /v2/REPOSITORY/path`, redirects included, passed to `use` while the connection is open. There is no limit
   * for the whole, only for the time without a byte.
   * @throws RegistryError if the registry cannot be reached or refuses
   */
  stream<T>(reference: Reference, path: string, use: (stream: RegistryStream) => Promise<T>): Promise<T> {
    const { registry, repository } = reference;
    const scopes = [`repository:${repository}:pull`];
    // Undici does not count the time in which nobody reads.
    const silence = Math.min(this.#options.timeout, MAX_SILENCE_MS);
    return this.#converse(
      registry,
      { method: "GET", path: `${repository}/${path}`, scopes },
      { headersTimeout: silence, bodyTimeout: silence, signal: this.#until() },
      async (url, raw, follow) => {
        const { statusCode, headers, body } = await follow(raw);
        if (statusCode !== 200) {
          // Not destroyed: undici would report that as an error that nobody handles.
          await body.dump();
          throw new RegistryError(registry, `${url} answered ${statusCode}`, { status: statusCode });
        }
        const length = Number(headers["content-length"] ?? Number.NaN);
        return use({ url, status: statusCode, length: Number.isNaN(length) ? undefined : length, body });
      },
    );
  }

  async #converse<T>(
    registry: string,
    question: RegistryQuestion,
    limits: Limits,
    use: (url: string, raw: Raw, follow: (raw: Raw) => Promise<Raw>) => Promise<T | typeof WRONG_SCHEME>,
  ): Promise<T> {
    let problem: unknown;
    const dispatcher = await this.#connect(registry);
    const follow = (raw: Raw): Promise<Raw> => followRedirects(raw, dispatcher, limits);
    try {
      const known = this.#schemes.get(registry);
      for (const scheme of known === undefined ? schemesOf(registry, this.#options.insecure) : [known]) {
        let raw: Raw;
        const url = new URL(question.path, `${scheme}://${apiHost(registry)}/v2/`).href;
        try {
          raw = await this.#exchange(url, registry, question, dispatcher, limits);
        } catch (error) {
          problem = error;
          continue;
        }
        const used = await use(url, raw, follow).catch((error: unknown) => {
          // An answer that ends early is a failure.
          if (error instanceof SlipwayError) throw error;
          throw new RegistryError(registry, reasonOf(error, limits), { cause: error });
        });
        // The registry does use https, so the error of that attempt is reported.
        if (used === WRONG_SCHEME) continue;
        this.#schemes.set(registry, scheme);
        return used;
      }
    } finally {
      await dispatcher.close();
    }
    throw new RegistryError(registry, reasonOf(problem, limits), { cause: problem });
  }

  #until(...deadlines: AbortSignal[]): AbortSignal {
    const { signal } = this.#options;
    return AbortSignal.any(signal === undefined ? deadlines : [...deadlines, signal]);
  }

  async #connect(registry: string): Promise<Agent> {
    const tls = {
      rejectUnauthorized: !this.#options.insecure.includes(registry),
      ...(this.#options.ca === undefined ? {} : { ca: await withSystem(this.#options.ca) }),
    };
    const { dial } = this.#options;
    return new Agent({ connect: dial === undefined ? tls : connectThrough(dial, tls) });
  }

  async #exchange(
    url: string,
    registry: string,
    { method, headers = {}, body, scopes }: RegistryQuestion,
    dispatcher: Agent,
    limits: Limits,
  ): Promise<Raw> {
    const send = (authorization?: string): Promise<Raw> =>
      request(url, {
        method,
        headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
        body: body ?? null,
        dispatcher,
        ...limits,
      });
    const key = `${registry} ${scopes.join(" ")}`;
    const first = await send(this.#authorizations.get(key));
    if (first.statusCode !== 401) return first;
    const challenge = String(first.headers["www-authenticate"] ?? "");
    const credential = await this.#options.credential(registry);
    const exchange: Exchange = async (realm, options) => {
      const response = await request(realm, { ...options, dispatcher, ...limits });
      return { status: response.statusCode, body: await response.body.text() };
    };
    const authorization = await authorize(challenge, credential, scopes, exchange, this.#options.tokens);
    if (authorization === undefined) return first;
    await first.body.dump();
    this.#authorizations.set(key, authorization);
    return send(authorization);
  }
}

/** Whether this is the answer of Go's or nginx's server to plain http on a TLS port. */
function wantsTls({ url, status, body }: RegistryAnswer): boolean {
  return url.startsWith("http:") && status === 400 && /HTTP request (?:was sent )?to (?:an )?HTTPS/.test(body);
}

function reasonOf(error: unknown, { bodyTimeout = 0 }: Limits): string {
  if ((error as { code?: unknown }).code === "UND_ERR_BODY_TIMEOUT") return `no data for ${bodyTimeout / 1000} s`;
  return error instanceof Error ? error.message : String(error);
}

async function withSystem(ca: string): Promise<string[]> {
  const { rootCertificates } = await import("node:tls");
  return [...rootCertificates, ca];
}

/** Docker Hub's API has another host than its name. */
function apiHost(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}

/** As in docker and go-containerregistry: plain http only if it was allowed, or for this machine and private addresses. */
function schemesOf(registry: string, insecure: readonly string[]): readonly string[] {
  return isLocalRegistry(registry) || insecure.includes(registry) ? ["https", "http"] : ["https"];
}
