/** Fields of secrets in Vault's key/value engine, read at the start of a build and kept only in memory. */
import { AuthError, InvalidInput } from "../../errors.ts";
import { asObject, errorsOf, VaultClient } from "./vault-client.ts";
import type { Environment, VaultAnswer } from "./vault-client.ts";
import { logIn, logOut } from "./vault-login.ts";

export interface VaultField {
  /** The path as in `vault kv get`: mount and name, without the `data/` of version 2's API. */
  readonly path: string;
  readonly field: string;
}

/**
 * The values of the fields, in order: text unchanged, anything else as JSON. Logs in once, and logs out at the end.
 * @throws InvalidInput for a missing setting, secret or field, AuthError if Vault refuses, ClusterError if it does not answer
 */
export async function readVault(fields: readonly VaultField[], env: Environment, home?: string): Promise<Uint8Array[]> {
  const client = await VaultClient.open(env);
  try {
    const token = await logIn(client, env, home);
    try {
      const values: Uint8Array[] = [];
      for (const field of fields) values.push(await readField(client, token.value, field));
      return values;
    } finally {
      await logOut(client, token);
    }
  } finally {
    client.close();
  }
}

async function readField(client: VaultClient, token: string, { path, field }: VaultField): Promise<Uint8Array> {
  const engine = await findEngine(client, token, path);
  const answer = await client.ask("GET", engine.path, token);
  if (answer.status === 403) throw refused(path, answer);
  const data = engine.version === 2 ? asObject(answer.data?.["data"]) : answer.data;
  if (answer.status !== 200 || data === undefined) throw notThere(path, engine, answer);
  const value = data[field];
  if (value === undefined || value === null) {
    throw new InvalidInput(`${path} in Vault has no field "${field}"`, {
      suggestions: [`It has: ${Object.keys(data).sort().join(", ")}.`],
    });
  }
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}

interface Engine {
  readonly version: 1 | 2;
  /** The path to read, below `/v1/`. */
  readonly path: string;
  /** The path of the mount, with a slash at its end. */
  readonly mount: string;
}

/** Like the vault command: by the mount of the path, which every user with access to the path can read (vault, command/kv_helpers.go). */
async function findEngine(client: VaultClient, token: string, path: string): Promise<Engine> {
  const answer = await client.ask("GET", `sys/internal/ui/mounts/${path}`, token);
  // A Vault without this endpoint has no version 2 of the engine.
  if (answer.status === 404) return { version: 1, path, mount: "" };
  const mount = answer.data?.["path"];
  if (answer.status !== 200 || typeof mount !== "string") throw refused(path, answer);
  const version = asObject(answer.data?.["options"])?.["version"] === "2" ? 2 : 1;
  return { version, mount, path: version === 2 ? `${mount}data/${path.slice(mount.length)}` : path };
}

function refused(path: string, answer: VaultAnswer): AuthError {
  return new AuthError(`this login may not read ${path} in Vault${errorsOf(answer)}`, {
    suggestions: ["Check the path, the login's policies, and VAULT_NAMESPACE if there are namespaces."],
  });
}

function notThere(path: string, { version, mount }: Engine, answer: VaultAnswer): InvalidInput {
  const metadata = asObject(answer.data?.["metadata"]);
  if (typeof metadata?.["deletion_time"] === "string" && metadata["deletion_time"] !== "") {
    return new InvalidInput(`${path} in Vault has been deleted`, {
      suggestions: ["Restore it with `vault kv undelete`, or name another one."],
    });
  }
  const name = path.slice(mount.length);
  return new InvalidInput(`${path} does not exist in Vault${errorsOf(answer)}`, {
    suggestions: [
      version === 2 && name.startsWith("data/")
        ? `Omit data/, which is only for the API: vault=${mount}${name.slice("data/".length)}#FIELD.`
        : "Name it as for `vault kv get`: MOUNT/NAME.",
    ],
  });
}
