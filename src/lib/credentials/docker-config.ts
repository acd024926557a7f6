import { homedir } from "node:os";
import { join } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { readIfThere } from "../files/read-file.ts";
import { type Answer, type Credential, type CredentialStore, registryOf } from "./credentials.ts";
import { CredentialHelper, HelperError } from "./credential-helper.ts";
import { locateFault } from "./json-fault.ts";
import { trimChars } from "../text/linear.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

type Entry = Readonly<Record<string, unknown>>;

/** A docker configuration: the file, or the text of DOCKER_AUTH_CONFIG. */
export class DockerConfig implements CredentialStore {
  readonly #source: string;
  readonly #auths: ReadonlyMap<string, Entry>;
  readonly #helpers: ReadonlyMap<string, string>;
  readonly #store: string | undefined;

  /**
   * @param source name for errors: the path, or the variable
   * @throws InvalidInput if the text is not a docker configuration
   */
  constructor(text: string, source: string) {
    const config = parseObject(text, source);
    this.#source = source;
    this.#auths = new Map(
      byRegistry(objectAt(config, "auths", source)).map(([registry, entry]) => [registry, asEntry(entry)]),
    );
    this.#helpers = new Map(
      byRegistry(objectAt(config, "credHelpers", source)).map(([registry, helper]) => {
        if (typeof helper === "string") return [registry, helper];
        throw new InvalidInput(`${source}: the entry of ${registry} in "credHelpers" is not the name of a helper`);
      }),
    );
    this.#store =
      typeof config["credsStore"] === "string" && config["credsStore"] !== "" ? config["credsStore"] : undefined;
  }

  /** The registries that the file names, in its order: with a login, or with a helper that has one. */
  get registries(): readonly string[] {
    return [...new Set([...this.#auths.keys(), ...this.#helpers.keys()])];
  }

  /** Name of the helper for this registry, without `docker-credential-`; undefined if the file has its credentials. */
  helperFor(registry: string): string | undefined {
    // An empty name in credHelpers means the file, for this registry (docker/cli, configfile.getConfiguredCredentialStore).
    return (this.#helpers.get(registryOf(registry)) ?? this.#store) || undefined;
  }

  /** Like docker: the helper if one is set; without a helper, or if it has no entry, the entry of the file. */
  async get(registry: string): Promise<Answer> {
    const host = registryOf(registry);
    const entry = this.#auths.get(host);
    const helper = this.helperFor(host);
    if (helper === undefined) return this.#fromFile(entry, host);
    try {
      const credential = await new CredentialHelper(helper).get(host);
      if (credential !== undefined) return { credential };
      return this.#fromFile(entry, host);
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      const answer = this.#fromFile(entry, host);
      if (answer.credential !== undefined) return answer;
      return { warning: `no credentials for ${host}: ${error.message} (named in ${this.#source})` };
    }
  }

  #fromFile(entry: Entry | undefined, registry: string): Answer {
    const credential = entry && this.#credentialOf(entry, registry);
    return omitUndefined({ credential });
  }

  #credentialOf(entry: Entry, registry: string): Credential | undefined {
    const text = (key: string) => (typeof entry[key] === "string" && entry[key] !== "" ? entry[key] : undefined);
    const auth = text("auth");
    const [username, password] =
      auth === undefined ? [text("username"), text("password")] : this.#decode(auth, registry);
    const identityToken = text("identitytoken");
    const registryToken = text("registrytoken");
    const credential = {
      ...omitUndefined({ username, password, identityToken, registryToken }),
    };
    const usable =
      (username !== undefined && password !== undefined) || identityToken !== undefined || registryToken !== undefined;
    return usable ? credential : undefined;
  }

  #decode(auth: string, registry: string): [string, string] {
    const plain = Buffer.from(auth, "base64").toString("utf8");
    const colon = plain.indexOf(":");
    if (colon < 1) {
      throw new InvalidInput(`${this.#source}: the entry "auth" of ${registry} is not base64 of user:password`, {
        suggestions: [`Write it again: slipway login ${registry}`],
      });
    }
    // docker removes the zero bytes with which old versions padded passwords.
    return [plain.slice(0, colon), trimChars(plain.slice(colon + 1), "\0")];
  }
}

/**
 * The configurations that docker reads, in its order: DOCKER_AUTH_CONFIG, then `$DOCKER_CONFIG/config.json`.
 * A missing file is skipped.
 * @throws InvalidInput if one of them is not JSON or cannot be read
 */
export async function openDockerConfigs(
  env: Readonly<Record<string, string | undefined>>,
  home: string = homedir(),
): Promise<DockerConfig[]> {
  const configs: DockerConfig[] = [];
  const inline = env["DOCKER_AUTH_CONFIG"] ?? "";
  if (inline !== "") configs.push(new DockerConfig(inline, "DOCKER_AUTH_CONFIG"));
  const path = join(env["DOCKER_CONFIG"] || join(home, ".docker"), "config.json");
  const suggestions = ["Make it readable, or set DOCKER_CONFIG to another directory."];
  const text = (await readIfThere(path, { docker: "accepts", suggestions }))?.toString();
  if (text !== undefined) configs.push(new DockerConfig(text, path));
  return configs;
}

function parseObject(text: string, source: string): Entry {
  // docker accepts a byte order mark and an empty file.
  const json = text.replace(/^\uFEFF/, "");
  if (json.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    const { line, column } = locateFault(json);
    throw new InvalidInput(`${source} is not JSON: line ${line}, column ${column}`, {
      suggestions: ["Correct it there, or set DOCKER_CONFIG to another directory."],
    });
  }
  return asObject(value) ?? refuseShape(source, "it");
}

function objectAt(config: Entry, key: string, source: string): Entry {
  const value = config[key];
  if (value === undefined || value === null) return {};
  return asObject(value) ?? refuseShape(source, `"${key}"`);
}

function refuseShape(source: string, what: string): never {
  throw new InvalidInput(`${source} is not a docker configuration: ${what} is not an object`);
}

function asObject(value: unknown): Entry | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Entry) : undefined;
}

function asEntry(value: unknown): Entry {
  return asObject(value) ?? {};
}

/** Like docker: an entry for a bare host comes last, and so wins over one with a scheme or a path. */
function byRegistry(entries: Entry): [string, unknown][] {
  const isExact = (key: string) => registryOf(key) === key || key === "https://index.docker.io/v1/";
  return Object.entries(entries)
    .map(([key, value]): [string, unknown, boolean] => [registryOf(key), value, isExact(key)])
    .sort((a, b) => Number(a[2]) - Number(b[2]))
    .map(([registry, value]) => [registry, value]);
}
