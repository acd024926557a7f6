import { type Credential, type CredentialStore, keyOf, registryOf } from "./credentials.ts";

/** What a builder is given to know, and what the user should. */
export interface Selection {
  /** A docker config.json of these credentials alone; undefined when there are none. Secret. */
  readonly config: string | undefined;
  /** The registries it has credentials for, in order of name. */
  readonly registries: readonly string[];
  /** One sentence each. */
  readonly warnings: readonly string[];
}

/**
 * The smallest docker configuration a build can do its work with.
 * @param stores asked in turn; the first that knows a registry answers for it
 * @param registries the ones the build names, as in Reference.registry
 */
export async function selectCredentials(
  stores: readonly CredentialStore[],
  registries: Iterable<string>,
): Promise<Selection> {
  const auths: Record<string, object> = {};
  const found: string[] = [];
  const warnings = new Set<string>();
  for (const registry of [...new Set([...registries].map(registryOf))].sort()) {
    const answer = await ask(stores, registry);
    if (answer.credential === undefined) {
      for (const warning of answer.warnings) warnings.add(warning);
      continue;
    }
    auths[keyOf(registry)] = entryOf(answer.credential);
    found.push(registry);
  }
  return {
    config: found.length === 0 ? undefined : JSON.stringify({ auths }),
    registries: found,
    warnings: [...warnings],
  };
}

async function ask(
  stores: readonly CredentialStore[],
  registry: string,
): Promise<{ credential?: Credential; warnings: string[] }> {
  const warnings: string[] = [];
  for (const store of stores) {
    const { credential, warning } = await store.get(registry);
    if (credential !== undefined) return { credential, warnings };
    if (warning !== undefined) warnings.push(warning);
  }
  return { warnings };
}

/** The user of an identity token that has none, as Azure's registry has it: Buildah reads no entry without a user. */
const NOBODY = "00000000-0000-0000-0000-000000000000";

/** One entry of `auths`. User and password go as `auth` only: it is the form that all builders read. */
function entryOf({ username: named, password, identityToken, registryToken }: Credential): object {
  const username = named ?? (identityToken === undefined ? undefined : NOBODY);
  return {
    ...(username === undefined ? {} : { auth: Buffer.from(`${username}:${password ?? ""}`).toString("base64") }),
    ...(identityToken === undefined ? {} : { identitytoken: identityToken }),
    ...(registryToken === undefined ? {} : { registrytoken: registryToken }),
  };
}
