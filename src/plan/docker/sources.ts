/** `--secret`, `--ssh`, `--cache-from` and `--cache-to`: additional inputs of a build. */
import { InvalidInput } from "../../errors.ts";
import { csvFields, csvPairs } from "../../lib/pflag/csv.ts";
import type { BuildSecret, CacheEntry, SshKeys } from "./options.ts";
import { trimChars } from "../../lib/text/linear.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws InvalidInput with docker's message. */
export function secretsOf(values: readonly string[], env: Environment): BuildSecret[] {
  const byId = new Map<string, BuildSecret>();
  for (const value of values) {
    if (value === "") continue;
    const secret = secretOf(value, env);
    byId.set(secret.id, secret);
  }
  return [...byId.values()];
}

const SECRET_KEYS = new Set(["type", "id", "source", "src", "env", "k8s", "vault"]);

function secretOf(value: string, env: Environment): BuildSecret {
  const fields = new Map<string, string>();
  for (const field of csvFields(value, "secret")) {
    const at = field.indexOf("=");
    if (at === -1)
      throw new InvalidInput(`invalid field '${field}' must be a key=value pair`, {
        docker: "refuses",
        suggestions: [SECRET_FORM],
      });
    const key = field.slice(0, at).toLowerCase();
    if (!SECRET_KEYS.has(key))
      throw new InvalidInput(`unexpected key '${key}' in '${field}'`, {
        docker: "refuses",
        suggestions: [SECRET_FORM],
      });
    fields.set(key === "source" ? "src" : key, field.slice(at + 1));
  }
  const type = fields.get("type");
  if (type !== undefined && type !== "file" && type !== "env")
    throw new InvalidInput(`unsupported secret type "${type}"`, { docker: "refuses", suggestions: [SECRET_FORM] });
  const id = fields.get("id") ?? "";
  if (!/^[\w.-]+$/.test(id))
    throw new InvalidInput(
      `--secret ${value}: the id is missing, or has characters other than letters, digits and . _ -`,
      {
        docker: "refuses",
        suggestions: [SECRET_FORM],
      },
    );
  const inCluster = fields.get("k8s");
  if (inCluster !== undefined) return { id, source: clusterSource(inCluster) };
  const inVault = fields.get("vault");
  if (inVault !== undefined) return { id, source: vaultSource(inVault) };
  const src = fields.get("src") ?? "";
  const name = fields.get("env") ?? (type === "env" ? src : "");
  if (name !== "") return { id, source: { kind: "env", name } };
  if (src !== "") return { id, source: { kind: "file", path: src } };
  return env[id] === undefined ? { id, source: { kind: "file", path: id } } : { id, source: { kind: "env", name: id } };
}

const SECRET_FORM = "Write --secret id=ID with src=FILE, env=NAME, k8s=SECRET/KEY or vault=PATH#FIELD.";

function clusterSource(text: string): BuildSecret["source"] {
  const [, secret, key] = /^([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)\/([\w.-]+)$/.exec(text) ?? [];
  if (secret !== undefined && key !== undefined) return { kind: "cluster", secret, key };
  throw new InvalidInput(`--secret k8s=${text} does not name a Secret and one of its keys`, {
    suggestions: ["Write k8s=NAME/KEY."],
  });
}

function vaultSource(text: string): BuildSecret["source"] {
  const at = text.lastIndexOf("#");
  const path = trimChars(text.slice(0, Math.max(at, 0)), "/");
  const field = text.slice(at + 1);
  const isPath = path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (at !== -1 && isPath && field !== "") return { kind: "vault", path, field };
  throw new InvalidInput(`--secret vault=${text} does not name a secret in Vault and one of its fields`, {
    suggestions: ["Write vault=PATH#FIELD, with the same path as for `vault kv get`."],
  });
}

/** @throws InvalidInput */
export function sshOf(values: readonly string[]): SshKeys[] {
  return values
    .filter((value) => value !== "")
    .map((value) => {
      const at = value.indexOf("=");
      const id = at === -1 ? value : value.slice(0, at);
      if (!/^[\w-][\w.-]*$/.test(id))
        throw new InvalidInput(
          `--ssh ${value}: the id is missing, or has characters other than letters, digits and . _ -`,
          {
            docker: "refuses",
            suggestions: ["Write --ssh default=KEYFILE."],
          },
        );
      return { id, paths: at === -1 ? [] : value.slice(at + 1).split(",") };
    });
}

/** The cache types of BuildKit, and makisu's `redis`. */
const CACHES: ReadonlySet<string> = new Set(["registry", "inline", "local", "gha", "s3", "azblob", "redis"]);

/** @throws InvalidInput with docker's message. */
export function cacheOf(values: readonly string[], flag: "cache-from" | "cache-to", env: Environment): CacheEntry[] {
  return values.flatMap((value): CacheEntry[] => {
    if (value === "") return [];
    const fields = csvFields(value, flag);
    if (fields.length === 1 && !value.includes("=")) return [{ type: "registry", attributes: { ref: value } }];
    const { type, ...attributes } = Object.fromEntries(csvPairs(value, flag));
    if (type === undefined)
      throw new InvalidInput(`type required for "${value}"`, {
        docker: "refuses",
        suggestions: [`Write --${flag} type=registry,ref=REF.`],
      });
    // Docker ignores an unknown type in --cache-from, but not in --cache-to.
    if (!CACHES.has(type)) {
      throw new InvalidInput(`--${flag}: unknown cache type "${type}"`, {
        docker: flag === "cache-to" ? "refuses" : "accepts",
        suggestions: [`Choose one of: ${[...CACHES].join(", ")}.`],
      });
    }
    if (type === "registry" && (attributes["ref"] ?? "") === "") {
      throw new InvalidInput(`--${flag} ${value}: a cache in a registry needs a ref`, {
        docker: "refuses",
        suggestions: [`Write --${flag} type=registry,ref=REF.`],
      });
    }
    if (type === "redis" && !/^[\w.-]+:\d+$/.test(attributes["addr"] ?? "")) {
      throw new InvalidInput(`--${flag} ${value}: a cache in Redis needs an addr`, {
        suggestions: [`Write --${flag} type=redis,addr=HOST:PORT, with an address that pods can connect to.`],
      });
    }
    // Outside of GitHub Actions, docker ignores this cache without a notice.
    return type === "gha" && env["ACTIONS_RUNTIME_TOKEN"] === undefined ? [] : [{ type, attributes }];
  });
}
