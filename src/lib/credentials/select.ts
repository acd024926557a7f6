import { type Credential, type CredentialStore, keyOf, registryOf } from "./credentials.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

/** Credentials for a builder, and warnings for the user. */
export interface Selection {
  /** A docker config.json with only these credentials; undefined if there are none. Secret. */
  readonly config: string | undefined;
  /** The registries it has credentials for, in order of name. */
  readonly registries: readonly string[];
  /** One sentence each. */
  readonly warnings: readonly string[];
}

/**
 * The smallest docker configuration that a build needs.
 * @param stores in order; the first one with a credential for a registry wins
 * @param registries of the build, as in Reference.registry
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

/** User for an identity token without one, as in Azure's registry: Buildah ignores an entry without a user. */
const TOKEN_USERNAME = "00000000-0000-0000-0000-000000000000";

/** An entry of `auths`. User and password are written as `auth`, which all builders read. */
function entryOf({ username: named, password, identityToken, registryToken }: Credential): object {
  const username = named ?? (identityToken === undefined ? undefined : TOKEN_USERNAME);
  return {
    ...(username === undefined ? {} : { auth: Buffer.from(`${username}:${password ?? ""}`).toString("base64") }),
    ...omitUndefined({ identitytoken: identityToken, registrytoken: registryToken }),
  };
}
