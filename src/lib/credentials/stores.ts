/** All sources of credentials, in the order of precedence. */
import type { Credential, CredentialStore } from "./credentials.ts";
import { DockerConfig, openDockerConfigs } from "./docker-config.ts";
import { Keychain, keychainIndex } from "./keychain.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Logins that are in no file and no variable, so that child processes cannot see them. */
export interface GivenLogins {
  /** A docker configuration. */
  readonly text: string;
  /** Name for errors. */
  readonly source: string;
}

/**
 * Logins for this build only; DOCKER_AUTH_CONFIG; the keychain (`slipway login`); docker's configuration and its helpers.
 * @throws InvalidInput if docker's configuration cannot be read
 */
export async function openStores(env: Environment, given?: GivenLogins): Promise<CredentialStore[]> {
  const first = given === undefined ? [] : [remember(new DockerConfig(given.text, given.source))];
  const keychain = remember(new Keychain(keychainIndex(env)));
  const configs = (await openDockerConfigs(env)).map(remember);
  const inline = env["DOCKER_AUTH_CONFIG"] ? 1 : 0;
  return [...first, ...configs.slice(0, inline), keychain, ...configs.slice(inline)];
}

/** Caches a store's answers: one may start a process, or ask a person to touch a key. */
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
