/**
 * The little of Vault's HTTP API (developer.hashicorp.com/vault/api-docs) that reading a secret needs, set up by the same
 * variables as the vault command (…/docs/commands, "Environment variables").
 */
import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import { Agent, request } from "undici";
import { ClusterError, InvalidInput } from "../../errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** For the whole of one question, in milliseconds: what the vault command waits. */
const PATIENCE = 60_000;

/** What Vault answered: `data` and `auth` are those of its JSON, `errors` the words it refused with. */
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

  /** @throws InvalidInput when VAULT_ADDR is no address, or a file that a variable names cannot be read. */
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
   * @param path below `/v1/`, as people write it: its parts are encoded here
   * @throws ClusterError when there is no answer, or none that a Vault in working order gives
   */
  async ask(method: "GET" | "POST", path: string, token?: string, body?: object): Promise<VaultAnswer> {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    const base = this.#address.pathname.replace(/\/$/, "");
    const { status, text } = await this.#exchange(`${this.#address.origin}${base}/v1/${encoded}`, method, token, body);
    // Sent elsewhere a second time, or from https to http.
    if (status >= 300 && status < 400)
      throw new ClusterError(`the Vault at ${this.address} sends its clients elsewhere, and that leads nowhere`, {
        suggestions: ["Set VAULT_ADDR to the address of the active one."],
      });
    const answer = this.#parse(status, text);
    if (status < 500 && status !== 429) return answer;
    const sealed = answer.errors.some((error) => /sealed/i.test(error));
    throw new ClusterError(
      sealed
        ? `the Vault at ${this.address} is sealed`
        : `the Vault at ${this.address} answered ${status}${said(answer)}`,
      { suggestions: [sealed ? "Have it unsealed." : "Try again later, or ask those who run it."] },
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
      // Agents and proxies of Vault may insist on it, against requests a browser was tricked into.
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
        signal: AbortSignal.timeout(PATIENCE),
      });
      const text = await answer.body.text();
      const { location } = answer.headers;
      // A standby sends its clients to the active one; never from https to http, as the token goes along.
      if ([301, 302, 307].includes(answer.statusCode) && typeof location === "string" && !redirected) {
        const next = new URL(location, url);
        if (next.protocol === "https:" || this.#address.protocol === "http:")
          return await this.#exchange(next.href, method, token, body, true);
      }
      return { status: answer.statusCode, text };
    } catch (error) {
      if (error instanceof ClusterError) throw error;
      throw new ClusterError(`the Vault at ${this.address} cannot be reached: ${reasonOf(error)}`, {
        suggestions: ["Check VAULT_ADDR, and VAULT_CACERT where its certificate is of an authority of your own."],
        cause: error,
      });
    }
  }

  #parse(status: number, text: string): VaultAnswer {
    let value: unknown;
    try {
      value = text === "" ? {} : JSON.parse(text);
    } catch {
      // Not quoted: who knows what it is.
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

/** Vault's own words, as the end of a sentence. */
export function said({ errors }: VaultAnswer): string {
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
    throw new InvalidInput("a --secret is to come from Vault, and VAULT_ADDR does not say where that is", {
      suggestions: ["Set it as for the vault command: VAULT_ADDR=https://vault.example.com:8200"],
    });
  }
  const address = URL.parse(text);
  if (address !== null && (address.protocol === "https:" || address.protocol === "http:")) return address;
  throw new InvalidInput(`VAULT_ADDR is "${text}", which is no address of http or https`, {
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
        suggestions: ["Name the file that has it, in PEM."],
        cause: error,
      },
    );
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer in ${PATIENCE / 1000} seconds`;
  // Node's advice on an unknown authority is about Node. Where several addresses were tried, the sum of it says nothing.
  return error.message.replace(/; if the root CA .*$/, "") || (error as NodeJS.ErrnoException).code || error.name;
}

/** Vault's errors may have several lines; nothing in them may move the terminal's cursor. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- exactly those
  return text.replaceAll(/[\u0000-\u001F\u007F]+/g, " ").trim();
}
