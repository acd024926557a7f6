/**
 * The little of the registry API (OCI distribution-spec 1.1) the client itself needs. Authentication is what a registry asks
 * for in WWW-Authenticate: Basic, or a token fetched with the same credential (distribution's token specification).
 */
import { Agent, request } from "undici";
import type { Reference } from "../build/reference.ts";
import { isLocalRegistry } from "../build/registry-host.ts";
import type { Credential } from "../credentials/credentials.ts";
import { ClusterError } from "../errors.ts";
import { authorize } from "./authorization.ts";
import { connectThrough } from "./connect-through.ts";
import type { Dial } from "./connect-through.ts";

export interface RegistryOptions {
  /** Hosts spoken to over https without verification, or plain http. */
  readonly insecure: readonly string[];
  /** PEM certificates trusted besides the system's. */
  readonly ca?: string;
  readonly credential: (registry: string) => Promise<Credential | undefined>;
  /** For the whole of one question, in milliseconds. */
  readonly timeout: number;
  /** Opens a connection to a host from elsewhere than here; by itself the client connects from here. */
  readonly dial?: Dial;
}

/** One request of the registry's API. */
export interface RegistryQuestion {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Below `/v2/`, or an absolute URL the registry itself gave. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What a token is asked for: `repository:team/app:pull`. */
  readonly scopes: readonly string[];
}

export interface RegistryAnswer {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export class RegistryClient {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /**
   * The body of `GET /v2/REPOSITORY/path`.
   * @throws ClusterError when the registry cannot be reached or refuses.
   */
  async get(reference: Reference, path: string, accept: string): Promise<string> {
    const { registry, repository } = reference;
    const scopes = [`repository:${repository}:pull`];
    const question = { method: "GET", path: `${repository}/${path}`, headers: { accept }, scopes } as const;
    const { status, url, body } = await this.ask(registry, question);
    if (status === 200) return body;
    throw new ClusterError(`registry ${registry} did not answer: ${url} answered ${status}`);
  }

  /**
   * Any answer, whatever its status, after having shown who we are if that was asked for.
   * @throws ClusterError when there is none, or the token service gave no token.
   */
  async ask(registry: string, question: RegistryQuestion): Promise<RegistryAnswer> {
    const signal = AbortSignal.timeout(this.#options.timeout);
    const problems: string[] = [];
    const dispatcher = await this.#connect(registry);
    try {
      for (const scheme of schemesOf(registry, this.#options.insecure)) {
        try {
          const url = new URL(question.path, `${scheme}://${apiHost(registry)}/v2/`).href;
          const answer = await this.#exchange(url, registry, question, dispatcher, signal);
          if (!wantsTls(answer)) return answer;
          // It does speak https; what went wrong there is what there is to say.
        } catch (error) {
          problems.push(error instanceof Error ? error.message : String(error));
        }
      }
    } finally {
      await dispatcher.close();
    }
    throw new ClusterError(`registry ${registry} did not answer: ${problems.at(-1)}`);
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
    signal: AbortSignal,
  ): Promise<RegistryAnswer> {
    const send = async (authorization?: string): Promise<RegistryAnswer> => {
      const response = await request(url, {
        method,
        headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
        body: body ?? null,
        dispatcher,
        signal,
      });
      return { url, status: response.statusCode, headers: response.headers, body: await response.body.text() };
    };
    const first = await send();
    if (first.status !== 401) return first;
    const challenge = String(first.headers["www-authenticate"] ?? "");
    const credential = await this.#options.credential(registry);
    const authorization = await authorize(challenge, credential, scopes, async (realm, options) => {
      const response = await request(realm, { ...options, dispatcher, signal });
      return { status: response.statusCode, body: await response.body.text() };
    });
    return authorization === undefined ? first : send(authorization);
  }
}

/** What Go's and nginx's servers say on a port of TLS to a request without it. */
function wantsTls({ url, status, body }: RegistryAnswer): boolean {
  return url.startsWith("http:") && status === 400 && /HTTP request (?:was sent )?to (?:an )?HTTPS/.test(body);
}

async function withSystem(ca: string): Promise<string[]> {
  const { rootCertificates } = await import("node:tls");
  return [...rootCertificates, ca];
}

/** Docker Hub's API lives elsewhere than its name. */
function apiHost(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}

/** As docker and go-containerregistry do: plain http only where it was allowed, or to this machine and private addresses. */
function schemesOf(registry: string, insecure: readonly string[]): readonly string[] {
  return isLocalRegistry(registry) || insecure.includes(registry) ? ["https", "http"] : ["https"];
}
