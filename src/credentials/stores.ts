/** Every place that may know a credential, in the order in which they are asked. */
import type { Credential, CredentialStore } from "./credentials.ts";
import { openDockerConfigs } from "./docker-config.ts";
import { Keychain, keychainIndex } from "./keychain.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * DOCKER_AUTH_CONFIG; what `slipway login` put into the keychain; docker's configuration and the helpers it names.
 * @throws UsageError when docker's configuration cannot be read
 */
export async function openStores(env: Environment): Promise<CredentialStore[]> {
  const keychain = remember(new Keychain(keychainIndex(env)));
  const configs = (await openDockerConfigs(env)).map(remember);
  return env["DOCKER_AUTH_CONFIG"] ? [...configs.slice(0, 1), keychain, ...configs.slice(1)] : [keychain, ...configs];
}

/** Asks each store for a registry only once: the answer may cost a process, or a person's touch of a key. */
function remember(store: CredentialStore): CredentialStore {
  const answers = new Map<string, ReturnType<CredentialStore["get"]>>();
  return {
    get(registry) {
      const answer = answers.get(registry) ?? store.get(registry);
      answers.set(registry, answer);
      return answer;
    },
  };
}

/** The first credential any of the stores has for a registry. */
export async function findCredential(
  stores: readonly CredentialStore[],
  registry: string,
): Promise<Credential | undefined> {
  for (const store of stores) {
    const { credential } = await store.get(registry);
    if (credential !== undefined) return credential;
  }
  return undefined;
}
