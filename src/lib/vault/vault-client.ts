/**
 * The parts of Vault's HTTP API (developer.hashicorp.com/vault/api-docs) that reading a secret needs, configured by the same
 * variables as the vault command (…/docs/commands, "Environment variables").
 */
import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import { Agent, request } from "undici";
import { ClusterError, InvalidInput } from "../../errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Limit for a whole request: the same as the vault command's. */
const REQUEST_TIMEOUT_MS = 60_000;

/** An answer of Vault: `data`, `auth` and `errors` of its JSON. */
export interface VaultAnswer {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly auth: Readonly<Record<string, unknown>> | undefined;
  readonly errors: readonly string[];
}

export class VaultClient {
  readonly #address: URL;
  readonly #dispatcher: Agent;
  readonly #namespace: string | undefined;

  private constructor(address: URL, dispatcher: Agent, namespace: string | undefined) {
    this.#address = address;
    this.#dispatcher = dispatcher;
    this.#namespace = namespace;
  }

  /** @throws InvalidInput if VAULT_ADDR is not an address, or a file that a variable names cannot be read */
  static async open(env: Environment): Promise<VaultClient> {
    const [ca, cert, key] = await Promise.all([
      readNamed(env, "VAULT_CACERT"),
      readNamed(env, "VAULT_CLIENT_CERT"),
      readNamed(env, "VAULT_CLIENT_KEY"),
    ]);
    const dispatcher = new Agent({
      connect: {
        rejectUnauthorized: !/^(?:1|t|true)$/i.test(env["VAULT_SKIP_VERIFY"] ?? ""),
        ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
        ...(cert === undefined ? {} : { cert }),
        ...(key === undefined ? {} : { key }),
        ...(env["VAULT_TLS_SERVER_NAME"] ? { servername: env["VAULT_TLS_SERVER_NAME"] } : {}),
      },
    });
    return new VaultClient(addressOf(env), dispatcher, env["VAULT_NAMESPACE"] || undefined);
  }

  /** For messages. */
  get address(): string {
    return this.#address.origin;
  }

  /**
   * @param path below `/v1/`, not encoded
   * @throws ClusterError without an answer, or if Vault is sealed or fails
   */
  async ask(method: "GET" | "POST", path: string, token?: string, body?: object): Promise<VaultAnswer> {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    const base = this.#address.pathname.replace(/\/$/, "");
    const { status, text } = await this.#exchange(`${this.#address.origin}${base}/v1/${encoded}`, method, token, body);
    // A second redirect, or one from https to http.
    if (status >= 300 && status < 400)
      throw new ClusterError(`the Vault at ${this.address} sent a redirect that cannot be followed`, {
        suggestions: ["Set VAULT_ADDR to the address of the active server."],
      });
    const answer = this.#parse(status, text);
    if (status < 500 && status !== 429) return answer;
    const sealed = answer.errors.some((error) => /sealed/i.test(error));
    throw new ClusterError(
      sealed
        ? `the Vault at ${this.address} is sealed`
        : `the Vault at ${this.address} answered ${status}${errorsOf(answer)}`,
      { suggestions: [sealed ? "Ask its administrator to unseal it." : "Try again later, or ask its administrator."] },
    );
  }

  async close(): Promise<void> {
    await this.#dispatcher.close();
  }

  async #exchange(
    url: string,
    method: "GET" | "POST",
    token: string | undefined,
    body: object | undefined,
    redirected = false,
  ): Promise<{ status: number; text: string }> {
    const headers = {
      // Vault agents and proxies may require it, against requests that a browser was tricked into.
      "x-vault-request": "true",
      ...(token === undefined ? {} : { "x-vault-token": token }),
      ...(this.#namespace === undefined ? {} : { "x-vault-namespace": this.#namespace }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    try {
      const answer = await request(url, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        dispatcher: this.#dispatcher,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const text = await answer.body.text();
      const { location } = answer.headers;
      // A standby redirects to the active server. Never follow from https to http, as the request has the token.
      if ([301, 302, 307].includes(answer.statusCode) && typeof location === "string" && !redirected) {
        const next = new URL(location, url);
        if (next.protocol === "https:" || this.#address.protocol === "http:")
          return await this.#exchange(next.href, method, token, body, true);
      }
      return { status: answer.statusCode, text };
    } catch (error) {
      if (error instanceof ClusterError) throw error;
      throw new ClusterError(`the Vault at ${this.address} cannot be reached: ${reasonOf(error)}`, {
        suggestions: ["Check VAULT_ADDR, and VAULT_CACERT if your own authority signed its certificate."],
        cause: error,
      });
    }
  }

  #parse(status: number, text: string): VaultAnswer {
    let value: unknown;
    try {
      value = text === "" ? {} : JSON.parse(text);
    } catch {
      // Not quoted: it may hold a secret.
    }
    const object = asObject(value);
    if (object === undefined) {
      throw new ClusterError(`${this.address} answered ${status} with something that is not Vault's JSON`, {
        suggestions: ["Check VAULT_ADDR."],
      });
    }
    const errors = Array.isArray(object["errors"]) ? object["errors"].map((error) => oneLine(String(error))) : [];
    return { status, data: asObject(object["data"]), auth: asObject(object["auth"]), errors };
  }
}

/** Vault's messages, as the end of a sentence. */
export function errorsOf({ errors }: VaultAnswer): string {
  return errors.length === 0 ? "" : `: ${errors.join("; ")}`;
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function addressOf(env: Environment): URL {
  const text = env["VAULT_ADDR"] ?? "";
  if (text === "") {
    throw new InvalidInput("a --secret comes from Vault, but VAULT_ADDR is not set", {
      suggestions: ["Set it like for the vault command: VAULT_ADDR=https://vault.example.com:8200"],
    });
  }
  const address = URL.parse(text);
  if (address !== null && (address.protocol === "https:" || address.protocol === "http:")) return address;
  throw new InvalidInput(`VAULT_ADDR is "${text}", which is not an http or https address`, {
    suggestions: ["Write it like https://vault.example.com:8200"],
  });
}

async function readNamed(env: Environment, variable: string): Promise<string | undefined> {
  const path = env[variable];
  if (path === undefined || path === "") return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new InvalidInput(
      `${variable} names ${path}, which cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      {
        suggestions: ["Set it to a file in PEM format."],
        cause: error,
      },
    );
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer in ${REQUEST_TIMEOUT_MS / 1000} seconds`;
  // Node's advice on an unknown authority is about Node. For several addresses, the message is empty.
  return error.message.replace(/; if the root CA .*/s, "") || (error as NodeJS.ErrnoException).code || error.name;
}

/** Vault's errors may have several lines, and must not move the terminal's cursor. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- exactly those
  return text.replaceAll(/[\u0000-\u001F\u007F]+/g, " ").trim();
}
