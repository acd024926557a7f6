/** `slipway login` and `logout`: a login that the registry accepts is stored in the safest store, and erased from all stores. */
import { CredentialHelper, HelperError } from "../lib/credentials/credential-helper.ts";
import { type Credential, registryOf } from "../lib/credentials/credentials.ts";
import { dockerConfigPath, eraseFromFile, storeInFile } from "../lib/credentials/docker-config-file.ts";
import { openDockerConfigs } from "../lib/credentials/docker-config.ts";
import { Keychain, KeychainError, keychainIndex } from "../lib/credentials/keychain.ts";
import { AuthError, ClusterError, InvalidInput } from "../errors.ts";
import type { Token } from "../lib/registry/authorization.ts";
import { RegistryClient } from "../lib/registry/registry-client.ts";
import { RegistryError } from "../lib/registry/registry-error.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface LoginOptions {
  readonly insecure: readonly string[];
  /** PEM text. */
  readonly ca?: string;
}

/** For an answer of the registry, and of its token service. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The registry's host, such as `registry.example.com:5000`, from the user's text; Docker Hub if there is none. @throws InvalidInput */
export function serverName(text: string | undefined): string {
  const host = registryOf(text === undefined || text === "" ? "docker.io" : text);
  if (/^(?:[\w.-]+|\[[0-9a-f:]+\])(?::\d+)?$/.test(host)) return host;
  throw new InvalidInput(`"${text}" is not a registry`, { suggestions: ["Write HOST or HOST:PORT."] });
}

/**
 * @returns the credential to store: as with docker, the registry's refresh token instead of the password if its token service gives one
 * @throws AuthError when the registry refuses the login, RegistryError or ClusterError when it cannot be asked
 */
export async function verifyLogin(
  registry: string,
  credential: Credential,
  options: LoginOptions,
): Promise<Credential> {
  let identityToken: string | undefined;
  const tokens = {
    lasting: true,
    onToken: ({ refreshToken }: Token): void => {
      identityToken = refreshToken;
    },
  };
  const client = new RegistryClient({
    ...options,
    credential: async () => credential,
    timeout: REQUEST_TIMEOUT_MS,
    tokens,
  });
  const refused = (cause?: unknown): AuthError =>
    new AuthError(`${registry} does not accept this user name and password`, {
      suggestions: ["Check both; many registries need an access token instead of the password."],
      cause,
    });
  let status: number;
  try {
    ({ status } = await client.ask(registry, { method: "GET", path: "", scopes: [] }));
  } catch (error) {
    if (error instanceof RegistryError && error.unauthorised) throw refused(error);
    throw error;
  }
  if (status === 401 || status === 403) throw refused();
  if (status !== 200) throw new ClusterError(`${registry} answered ${status}: it is not a registry, or it has a fault`);
  if (identityToken === undefined) return credential;
  return { ...omitUndefined({ username: credential.username }), identityToken };
}

export interface KeptLogin {
  /** Where it is stored, in words: `the keychain`. */
  readonly place: string;
  /** One sentence, if the store is not a safe one. */
  readonly warning?: string;
}

/** @throws InvalidInput when the login cannot be stored. */
export async function keepLogin(registry: string, credential: Credential, env: Environment): Promise<KeptLogin> {
  const keychain = new Keychain(keychainIndex(env));
  const helper = await helperOf(registry, env);
  if (helper !== undefined) {
    try {
      await helper.store(registry, credential);
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      throw new InvalidInput(`the login is correct, but it cannot be stored: ${error.message}`, {
        suggestions: ["Repair the helper, or remove it from docker's configuration (credsStore, credHelpers)."],
      });
    }
    await forgetQuietly(keychain, registry);
    return { place: helper.program };
  }
  try {
    await keychain.store(registry, credential);
    return { place: "the keychain" };
  } catch (error) {
    if (!(error instanceof KeychainError)) throw error;
    const path = dockerConfigPath(env);
    await storeInFile(path, registry, credential);
    return {
      place: path,
      warning: `the password is stored unencrypted in ${path}; to encrypt it, configure a credential helper (credsStore)`,
    };
  }
}

/** Returns whether a login was erased. @throws InvalidInput when a store that has it cannot erase it. */
export async function forgetLogin(registry: string, env: Environment): Promise<boolean> {
  try {
    const helper = await helperOf(registry, env);
    const erased = [
      (await helper?.erase(registry)) ?? false,
      await new Keychain(keychainIndex(env)).erase(registry),
      await eraseFromFile(dockerConfigPath(env), registry),
    ];
    return erased.includes(true);
  } catch (error) {
    if (!(error instanceof HelperError || error instanceof KeychainError)) throw error;
    throw new InvalidInput(`the login to ${registry} could not be removed: ${error.message}`);
  }
}

async function helperOf(registry: string, env: Environment): Promise<CredentialHelper | undefined> {
  // DOCKER_AUTH_CONFIG cannot be changed.
  const [config] = await openDockerConfigs({ ...env, DOCKER_AUTH_CONFIG: undefined });
  const name = config?.helperFor(registry);
  return name === undefined ? undefined : new CredentialHelper(name);
}

/** Erases an older login in the keychain, which would be found first. */
async function forgetQuietly(keychain: Keychain, registry: string): Promise<void> {
  try {
    await keychain.erase(registry);
  } catch (error) {
    if (!(error instanceof KeychainError)) throw error;
  }
}
