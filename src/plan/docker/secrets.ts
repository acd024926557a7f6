/** Reads the values of `--secret`s: the only place that holds them, besides the objects they become. */
import { readFile, stat } from "node:fs/promises";
import { InvalidInput } from "../../errors.ts";
import { trimmed } from "../git-token.ts";
import type { BuildSecret } from "./options.ts";

/** BuildKit's limit for one (session/secrets: MaxSecretSize). */
const MAX_SECRET_BYTES = 500 * 1024;
/** A Secret object holds 1 MiB; the registries' credentials need some of it. */
const MAX_TOTAL_BYTES = 960 * 1024;

type Source = BuildSecret["source"];
/** A secret in Vault. */
export type VaultSource = Extract<Source, { kind: "vault" }>;
/** Values of secrets in Vault, in their order. */
export type ReadVault = (secrets: readonly VaultSource[]) => Promise<readonly Uint8Array[]>;

/**
 * Values by id; those of the namespace are not read.
 * @throws InvalidInput for what is not there or too large, and what `readVault` throws
 */
export async function readSecrets(
  secrets: readonly BuildSecret[],
  env: Readonly<Record<string, string | undefined>>,
  readVault: ReadVault,
): Promise<Map<string, Uint8Array>> {
  const values = new Map<string, Uint8Array>();
  const vault = secrets.map(({ source }) => source).filter((source) => source.kind === "vault");
  const fromVault = vault.length === 0 ? [] : await readVault(vault);
  for (const { id, source } of secrets) {
    if (source.kind === "cluster") continue;
    const value =
      source.kind === "vault"
        ? (fromVault[vault.indexOf(source)] ?? new Uint8Array())
        : source.kind === "file"
          ? await fromFile(id, source.path)
          : fromEnvironment(source.name, env);
    if (value.length > MAX_SECRET_BYTES) throw tooLarge(id, value.length);
    values.set(id, trimmed(id, value));
  }
  const total = [...values.values()].reduce((sum, { length }) => sum + length, 0);
  if (total <= MAX_TOTAL_BYTES) return values;
  throw new InvalidInput(
    `the secrets are ${total} bytes together, and a Secret of Kubernetes holds ${MAX_TOTAL_BYTES}`,
    {
      suggestions: ["Keep some of them in the namespace: --secret id=ID,k8s=NAME/KEY."],
    },
  );
}

async function fromFile(id: string, path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_SECRET_BYTES) throw tooLarge(id, size);
    return await readFile(path);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "is not there" : code === "EISDIR" ? "is a directory" : `cannot be read: ${code}`;
    throw new InvalidInput(`the file ${path} of --secret id=${id} ${why}`, {
      docker: "refuses",
      suggestions: ["Name it with src=FILE, or a variable with env=NAME."],
      cause: error,
    });
  }
}

/** A variable that is not set is an empty secret, as in docker. */
function fromEnvironment(name: string, env: Readonly<Record<string, string | undefined>>): Uint8Array {
  return Buffer.from(env[name] ?? "");
}

function tooLarge(id: string, size: number): InvalidInput {
  return new InvalidInput(`the secret ${id} is ${size} bytes, and may be ${MAX_SECRET_BYTES}`, {
    docker: "refuses",
    suggestions: ["Bring larger files by --build-context or the context."],
  });
}
