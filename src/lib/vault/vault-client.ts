/**
 * The parts of Vault's HTTP API (developer.hashicorp.com/vault/api-docs) that reading a secret needs, configured by the same
 * variables as the vault command (…/docs/commands, "Environment variables").
 */
import { readFile } from "node:fs/promises";
import { ClusterError, InvalidInput } from "../../errors.ts";
import { OriginHeaders } from "../http/origin-headers.ts";
import { TooMuch, readText } from "../http/read-body.ts";
import { reasonOf as messageOf } from "../http/reason.ts";
import { trustedCertificates } from "../http/trusted-certificates.ts";
import { WebClient } from "../http/web-client.ts";
import { limitOf, variableOfLimit } from "../limits/limits.ts";
import { publicUrl } from "../text/public-url.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** An answer of Vault: `data`, `auth` and `errors` of its JSON. */
export interface VaultAnswer {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly auth: Readonly<Record<string, unknown>> | undefined;
  readonly errors: readonly string[];
}

export class VaultClient {
  readonly #address: URL;
  readonly #client: WebClient;
  readonly #namespace: string | undefined;

  private constructor(address: URL, client: WebClient, namespace: string | undefined) {
    this.#address = address;
    this.#client = client;
    this.#namespace = namespace;
  }

  /** @throws InvalidInput if VAULT_ADDR is not an address, or a file that a variable names cannot be read */
  static async open(env: Environment): Promise<VaultClient> {
    const [ca, cert, key] = await Promise.all([
      readNamed(env, "VAULT_CACERT"),
      readNamed(env, "VAULT_CLIENT_CERT"),
      readNamed(env, "VAULT_CLIENT_KEY"),
    ]);
    const client = new WebClient({
      env,
      tls: {
        rejectUnauthorized: !/^(?:1|t|true)$/i.test(env["VAULT_SKIP_VERIFY"] ?? ""),
        ...(ca === undefined ? {} : { ca: trustedCertificates(env, [ca]) }),
        ...omitUndefined({ cert, key }),
        ...(env["VAULT_TLS_SERVER_NAME"] ? { servername: env["VAULT_TLS_SERVER_NAME"] } : {}),
      },
    });
    return new VaultClient(addressOf(env), client, env["VAULT_NAMESPACE"] || undefined);
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
    const { status, text, location } = await this.#exchange(
      new URL(`${this.#address.origin}${base}/v1/${encoded}`),
      method,
      token,
      body,
    );
    if (status >= 300 && status < 400) {
      throw redirectRefused(this.#address, location === undefined ? null : URL.parse(location, this.#address.href));
    }
    const answer = parseAnswer(this.address, status, text);
    if (status < 500 && status !== 429) return answer;
    const sealed = answer.errors.some((error) => /sealed/i.test(error));
    throw new ClusterError(
      sealed
        ? `the Vault at ${this.address} is sealed`
        : `the Vault at ${this.address} answered ${status}${errorsOf(answer)}`,
      { suggestions: [sealed ? "Ask its administrator to unseal it." : "Try again later, or ask its administrator."] },
    );
  }

  close(): void {
    this.#client.close();
  }

  /** Follows one redirect to the same origin. A token, and what a login sends, belong to the address that the user has named. */
  async #exchange(
    url: URL,
    method: "GET" | "POST",
    token: string | undefined,
    body: object | undefined,
    redirected = false,
  ): Promise<{ status: number; text: string; location: string | undefined }> {
    const headers = {
      // Vault agents and proxies may require it, against requests that a browser was tricked into.
      "x-vault-request": "true",
      ...omitUndefined({ "x-vault-namespace": this.#namespace }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const limitMs = limitOf("VAULT_REQUEST_MS");
    try {
      const answer = await this.#client.send(url, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        secrets: token === undefined ? undefined : OriginHeaders.vault(this.#address, token),
        signal: AbortSignal.timeout(limitMs),
      });
      const text = await readText(answer.body, limitOf("VAULT_ANSWER_BYTES"), answer.headers["content-length"]);
      const { location } = answer.headers;
      if ([301, 302, 307, 308].includes(answer.status) && typeof location === "string" && !redirected) {
        const next = URL.parse(location, url.href);
        if (next?.origin === this.#address.origin) return await this.#exchange(next, method, token, body, true);
      }
      return { status: answer.status, text, location: typeof location === "string" ? location : undefined };
    } catch (error) {
      if (error instanceof ClusterError || error instanceof InvalidInput) throw error;
      if (error instanceof TooMuch) {
        throw new ClusterError(`the Vault at ${this.address} gave no usable answer: ${error.message}`, {
          suggestions: [`Raise the limit: ${variableOfLimit("VAULT_ANSWER_BYTES")}=32m`],
        });
      }
      throw new ClusterError(`the Vault at ${this.address} cannot be reached: ${reasonOf(error, limitMs)}`, {
        suggestions: ["Check VAULT_ADDR, and VAULT_CACERT if your own authority signed its certificate."],
        cause: error,
      });
    }
  }
}

/** An answer of Vault. @param address for the error @throws ClusterError for anything but Vault's JSON, which is not quoted */
export function parseAnswer(address: string, status: number, text: string): VaultAnswer {
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    // Not quoted: it may hold a secret.
  }
  const object = asObject(value);
  if (object === undefined) {
    throw new ClusterError(`${address} answered ${status} with something that is not Vault's JSON`, {
      suggestions: ["Check VAULT_ADDR."],
    });
  }
  const errors = Array.isArray(object["errors"]) ? object["errors"].map((error) => oneLine(textOf(error))) : [];
  return { status, data: asObject(object["data"]), auth: asObject(object["auth"]), errors };
}

function redirectRefused(from: URL, to: URL | null): ClusterError {
  if (to === null || to.origin === from.origin || !/^https?:$/.test(to.protocol)) {
    return new ClusterError(`the Vault at ${from.origin} sent a redirect that cannot be followed`, {
      suggestions: ["Set VAULT_ADDR to the address of the active server."],
    });
  }
  return new ClusterError(`the Vault at ${from.origin} redirects to ${to.origin}, which gets no token of yours`, {
    suggestions: [`If that is the active server of your Vault, set VAULT_ADDR=${to.origin}`],
  });
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
  throw new InvalidInput(`VAULT_ADDR is "${publicUrl(text)}", which is not an http or https address`, {
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

function reasonOf(error: unknown, limitMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") return `no answer in ${limitMs / 1000} seconds`;
  return messageOf(error);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Vault's errors may have several lines, and must not move the terminal's cursor. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- exactly those
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F]+/g, " ").trim();
}
