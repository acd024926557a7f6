/** Reads the values of `--secret`. Only this module and the objects made from the values hold them. */
import { stat } from "node:fs/promises";
import { whyNot } from "../../lib/files/read-file.ts";
import { readNamedFile } from "../../lib/files/regular-file.ts";
import { InvalidInput } from "../../errors.ts";
import { trimmed } from "../git-token.ts";
import type { BuildSecret } from "./options.ts";

/** BuildKit's limit for one secret (session/secrets: MaxSecretSize). */
const MAX_SECRET_BYTES = 500 * 1024;
/** A Secret object may have 1 MiB; the registries' credentials need some of it. */
const MAX_TOTAL_BYTES = 960 * 1024;

type Source = BuildSecret["source"];
/** A secret in Vault. */
export type VaultSource = Extract<Source, { kind: "vault" }>;
/** Returns the values of secrets in Vault, in the same order. */
export type ReadVault = (secrets: readonly VaultSource[]) => Promise<readonly Uint8Array[]>;

/**
 * Values by id. Secrets of the namespace are not read.
 * @throws InvalidInput for a value that does not exist or is too large; the errors of `readVault`
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
    `the secrets have ${total} bytes in total, and a Kubernetes Secret can hold ${MAX_TOTAL_BYTES}`,
    {
      suggestions: ["Use Secrets of the namespace for some of them: --secret id=ID,k8s=NAME/KEY."],
    },
  );
}

async function fromFile(id: string, path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_SECRET_BYTES) throw tooLarge(id, size);
    return await readNamedFile(path, MAX_SECRET_BYTES);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a directory" : whyNot(error);
    throw new InvalidInput(`the file ${path} of --secret id=${id} ${why}`, {
      docker: "refuses",
      suggestions: ["Name a file with src=FILE, or a variable with env=NAME."],
      cause: error,
    });
  }
}

/** Docker takes a variable that is not set for an empty secret, and says nothing (BuildKit's secretsprovider). Nobody wants that. */
export function unsetVariables(
  secrets: readonly BuildSecret[],
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  return secrets.flatMap(({ id, source }) =>
    source.kind === "env" && env[source.name] === undefined
      ? [`--secret id=${id},env=${source.name} is empty: the variable ${source.name} is not set`]
      : [],
  );
}

/** As in docker, a variable that is not set gives an empty secret. */
function fromEnvironment(name: string, env: Readonly<Record<string, string | undefined>>): Uint8Array {
  return Buffer.from(env[name] ?? "");
}

function tooLarge(id: string, size: number): InvalidInput {
  return new InvalidInput(`the secret ${id} has ${size} bytes, more than the limit of ${MAX_SECRET_BYTES}`, {
    docker: "refuses",
    suggestions: ["Put larger files into the context, or use --build-context."],
  });
}
