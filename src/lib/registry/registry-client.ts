/**
 * The parts of the registry API (OCI distribution-spec 1.1) that slipway needs. The registry chooses the authentication by
 * WWW-Authenticate: Basic, or a token for the same credential (distribution's token specification).
 */
import { Readable } from "node:stream";
import type { Reference } from "../image/reference.ts";
import { isLocalRegistry } from "../image/registry-host.ts";
import type { Credential } from "../credentials/credentials.ts";
import { SlipwayError } from "../../errors.ts";
import { isCertificateFault } from "../http/dial.ts";
import type { Dial } from "../http/connect-through.ts";
import { SILENCE_TIMEOUT_MS } from "../http/connections.ts";
import type { OriginHeaders } from "../http/origin-headers.ts";
import { abandon, drain, readBytes, readText } from "../http/read-body.ts";
import { reasonOf } from "../http/reason.ts";
import { WebClient, follow } from "../http/web-client.ts";
import type { WebAnswer } from "../http/web-client.ts";
import { LIMITS, limitOf } from "../limits/limits.ts";
import { publicUrl } from "../text/public-url.ts";
import { authorize, issueToken } from "./authorization.ts";
import type { Asking, Exchange, Token, TokenWishes } from "./authorization.ts";
import { parseChallenges } from "./challenges.ts";
import { ContentCheck } from "./content-check.ts";
import { RegistryError } from "./registry-error.ts";

/** Time limits of one exchange, in milliseconds. */
interface TimeLimits {
  readonly signal: AbortSignal;
  readonly headersTimeout?: number;
  readonly bodyTimeout?: number;
}

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
  /** Path below `/v2/`, or an absolute URL from the registry: no credential is sent to another origin than the registry's own. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream can be sent only once: use it only for scopes that an earlier request has had. */
  readonly body?: Uint8Array | Readable;
  /** Scopes of the token: `repository:team/app:pull`. The first one is of the path's repository. */
  readonly scopes: readonly string[];
  /** The answer is wanted as the registry gives it to everybody: 401 without a credential. */
  readonly anonymous?: true;
  /** Bytes of the content that is read, where its descriptor says so. */
  readonly size?: number | undefined;
}

/** Issues a token for scopes. @throws TokenRefused, RealmRefused or Error, as `issueToken` does, or the reason of the time limit */
export type TokenService = (scopes: readonly string[]) => Promise<Token>;

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

export class RegistryClient {
  readonly #options: RegistryOptions;
  /** The last credential by registry and scopes, and the scheme by registry. */
  readonly #authorizations = new Map<string, OriginHeaders>();
  readonly #schemes = new Map<string, string>();

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /**
   * The body of `GET /v2/REPOSITORY/path`.
   * @param size as in `RegistryQuestion`
   * @throws RegistryError if the registry cannot be reached or refuses; WrongContent as `ask`
   */
  async get(reference: Reference, path: string, accept: string, size?: number): Promise<string> {
    const { registry, repository } = reference;
    const scopes = [`repository:${repository}:pull`];
    const question = { method: "GET", path: `${repository}/${path}`, headers: { accept }, scopes, size } as const;
    const { status, url, body } = await this.ask(registry, question);
    if (status === 200) return body;
    throw new RegistryError(registry, `${publicUrl(url)} answered ${status}`, { status });
  }

  /**
   * The answer, of any status. Authenticates if the registry asks for it.
   * @throws RegistryError if there is no answer, or the token service sent no token; WrongContent for other bytes than the path's
   *   digest names
   */
  async ask(registry: string, question: RegistryQuestion): Promise<RegistryAnswer> {
    const check = question.method === "GET" ? checkOf(registry, question) : undefined;
    const limits = { signal: this.#until(AbortSignal.timeout(this.#options.timeout)) };
    return this.#converse(registry, question, limits, async ({ url, status, headers, body }) => {
      const bytes = await readBytes(body, limitOf("REGISTRY_ANSWER_BYTES"), headers["content-length"]);
      if (status === 200) check?.check(bytes);
      const answer = { url: url.href, status, headers, body: bytes.toString() };
      return wantsTls(answer) ? WRONG_SCHEME : answer;
    });
  }

  /**
   * The bytes of `GET /v2/REPOSITORY/path`, redirects included, passed to `use` while the connection is open. There is no limit
   * for the whole, only for the time without a byte. `use` has to read all of them, and to believe none before it has.
   * @param size as in `RegistryQuestion`
   * @throws RegistryError if the registry cannot be reached or refuses; WrongContent as `ask`
   */
  async stream<T>(
    reference: Reference,
    path: string,
    use: (stream: RegistryStream) => Promise<T>,
    size?: number,
  ): Promise<T> {
    const { registry, repository } = reference;
    const check = ContentCheck.of({ registry, repository, path, size });
    const scopes = [`repository:${repository}:pull`];
    // The time in which the body is not read does not count.
    const silence = Math.min(this.#options.timeout, SILENCE_TIMEOUT_MS);
    return this.#converse(
      registry,
      { method: "GET", path: `${repository}/${path}`, scopes },
      { headersTimeout: silence, bodyTimeout: silence, signal: this.#until() },
      async ({ url, status, headers, body }) => {
        if (status !== 200) {
          await drain(body);
          throw new RegistryError(registry, `${publicUrl(url.href)} answered ${status}`, { status });
        }
        const length = Number(headers["content-length"] ?? Number.NaN);
        const checked = check === undefined ? body : Readable.from(check.passing(body), { objectMode: false });
        const stream = { url: url.href, status, length: Number.isNaN(length) ? undefined : length, body: checked };
        const used = await use(stream).finally(() => abandon(body));
        check?.expectWhole();
        return used;
      },
    );
  }

  /**
   * Finds the token service of a registry. Each token is then one request to that service, with the registry's credential.
   * @returns undefined if the registry asks for no token
   * @throws RegistryError if the registry cannot be reached
   */
  async tokenService(registry: string): Promise<TokenService | undefined> {
    const { url, status, headers } = await this.ask(registry, { method: "GET", path: "", scopes: [], anonymous: true });
    if (status !== 401) return undefined;
    const bearer = parseChallenges(headers["www-authenticate"]).find(({ scheme }) => scheme === "bearer");
    if (bearer === undefined) return undefined;
    return async (scopes) => {
      const client = await this.#connect(registry);
      try {
        const limits = { signal: this.#until(AbortSignal.timeout(this.#options.timeout)) };
        const credential = await this.#options.credential(registry);
        const asking = this.#asking(registry, new URL(url));
        return await issueToken(asking, bearer, credential, scopes, exchangeOf(client, limits));
      } finally {
        client.close();
      }
    };
  }

  #asking(registry: string, url: URL): Asking {
    return { url, insecure: this.#options.insecure.includes(registry) };
  }

  async #converse<T>(
    registry: string,
    question: RegistryQuestion,
    limits: TimeLimits,
    use: (answer: WebAnswer) => Promise<T | typeof WRONG_SCHEME>,
  ): Promise<T> {
    let problem: unknown;
    const client = await this.#connect(registry);
    try {
      const known = this.#schemes.get(registry);
      for (const scheme of known === undefined ? schemesOf(registry, this.#options.insecure) : [known]) {
        const base = new URL(`${scheme}://${apiHost(registry)}/v2/`);
        let answer: WebAnswer;
        try {
          answer = await this.#exchange(base, registry, question, client, limits);
        } catch (error) {
          problem = error;
          // A registry that has answered over https, or shown a certificate, is not asked over http.
          if (this.#schemes.has(registry) || isCertificateFault(error)) break;
          continue;
        }
        const used = await use(answer).catch((error: unknown) => {
          // An answer that ends early is a failure.
          if (error instanceof SlipwayError) throw error;
          throw new RegistryError(registry, reasonOf(error), { cause: error });
        });
        // The registry does use https, so the error of that attempt is reported.
        if (used === WRONG_SCHEME) continue;
        this.#schemes.set(registry, scheme);
        return used;
      }
    } finally {
      client.close();
    }
    if (problem instanceof SlipwayError) throw problem;
    throw new RegistryError(registry, reasonOf(problem), { cause: problem });
  }

  #until(...deadlines: AbortSignal[]): AbortSignal {
    const { signal } = this.#options;
    return AbortSignal.any(signal === undefined ? deadlines : [...deadlines, signal]);
  }

  async #connect(registry: string): Promise<WebClient> {
    const tls = {
      rejectUnauthorized: !this.#options.insecure.includes(registry),
      ...(this.#options.ca === undefined ? {} : { ca: await trusting(this.#options.ca) }),
    };
    return new WebClient({ tls, dial: this.#options.dial });
  }

  async #exchange(
    base: URL,
    registry: string,
    { method, headers = {}, path, body, scopes, anonymous }: RegistryQuestion,
    client: WebClient,
    limits: TimeLimits,
  ): Promise<WebAnswer> {
    const url = follow(base, path);
    refuseOtherPath(url, base, path, registry);
    const send = async (secrets?: OriginHeaders): Promise<WebAnswer> => {
      const redirects = method === "GET" ? LIMITS.REGISTRY_REDIRECTS.value : 0;
      const answer = await client.send(url, { method, headers, body, secrets, redirects, ...limits });
      if (base.protocol === "https:") this.#schemes.set(registry, "https");
      return answer;
    };
    const key = `${registry} ${scopes.join(" ")}`;
    const first = await send(this.#authorizations.get(key));
    // A server to which the registry has redirected gets no credential, even if it asks for one.
    if (first.status !== 401 || first.url.origin !== base.origin || anonymous === true) return first;
    const credential = await this.#options.credential(registry);
    const exchange = exchangeOf(client, limits);
    const asking = this.#asking(registry, base);
    const challenges = parseChallenges(first.headers["www-authenticate"]);
    const secrets = await authorize(asking, challenges, credential, scopes, exchange, this.#options.tokens);
    if (secrets === undefined) return first;
    await drain(first.body);
    this.#authorizations.set(key, secrets);
    return send(secrets);
  }
}

function exchangeOf(client: WebClient, limits: TimeLimits): Exchange {
  return async (realm, options) => {
    const answer = await client.send(realm, { ...options, ...limits });
    const text = await readText(answer.body, LIMITS.TOKEN_ANSWER_BYTES.value, answer.headers["content-length"]);
    return { status: answer.status, body: text };
  };
}

function checkOf(registry: string, { path, scopes: [scope = ""], size }: RegistryQuestion): ContentCheck | undefined {
  const repository = scope.slice(scope.indexOf(":") + 1, scope.lastIndexOf(":"));
  if (!path.startsWith(`${repository}/`)) return undefined;
  return ContentCheck.of({ registry, repository, path: path.slice(repository.length + 1), size });
}

/** Whether this is the answer of Go's or nginx's server to plain http on a TLS port. */
function wantsTls({ url, status, body }: RegistryAnswer): boolean {
  return url.startsWith("http:") && status === 400 && /HTTP request (?:was sent )?to (?:an )?HTTPS/.test(body);
}

async function trusting(ca: string): Promise<string[]> {
  const { trustedCertificates } = await import("../http/trusted-certificates.ts");
  return trustedCertificates(process.env, [ca]);
}

/** Docker Hub's API has another host than its name. */
function apiHost(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}

/** As in docker and go-containerregistry: plain http only if it was allowed, or for this machine and private addresses. */
function schemesOf(registry: string, insecure: readonly string[]): readonly string[] {
  return isLocalRegistry(registry) || insecure.includes(registry) ? ["https", "http"] : ["https"];
}

/** A digest or a name from outside could lead to another repository by `..`, which a URL resolves. @throws RegistryError */
function refuseOtherPath(url: URL, base: URL, path: string, registry: string): void {
  const [asked = ""] = path.split("?", 1);
  if (URL.canParse(path) || url.pathname === asked || url.pathname === base.pathname + asked) return;
  throw new RegistryError(registry, `${JSON.stringify(path)} is not a path below ${base.pathname}`);
}
