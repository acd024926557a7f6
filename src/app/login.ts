/** `slipway login` and `logout`: what a registry accepts is kept where it is safest, and forgotten everywhere. */
import { CredentialHelper, HelperError } from "../lib/credentials/credential-helper.ts";
import { type Credential, registryOf } from "../lib/credentials/credentials.ts";
import { dockerConfigPath, eraseFromFile, storeInFile } from "../lib/credentials/docker-config-file.ts";
import { openDockerConfigs } from "../lib/credentials/docker-config.ts";
import { Keychain, KeychainError, keychainIndex } from "../lib/credentials/keychain.ts";
import { AuthError, ClusterError, InvalidInput } from "../errors.ts";
import type { Token } from "../lib/registry/authorization.ts";
import { RegistryClient } from "../lib/registry/registry-client.ts";
import { RegistryError } from "../lib/registry/registry-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface LoginOptions {
  readonly insecure: readonly string[];
  /** PEM text. */
  readonly ca?: string;
}

/** Milliseconds for the registry, and its token service, to answer. */
const PATIENCE = 30_000;

/** `registry.example.com:5000` of what a user names it by; Docker Hub for nothing. @throws InvalidInput */
export function serverName(text: string | undefined): string {
  const host = registryOf(text === undefined || text === "" ? "docker.io" : text);
  if (/^(?:[\w.-]+|\[[0-9a-f:]+\])(?::\d+)?$/.test(host)) return host;
  throw new InvalidInput(`"${text}" is not a registry`, { suggestions: ["Write HOST or HOST:PORT."] });
}

/**
 * What to keep: as docker does, the registry's refresh token in the password's place where its token service gives one.
 * @throws AuthError when the registry refuses them, ClusterError when it cannot be asked.
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
  const client = new RegistryClient({ ...options, credential: async () => credential, timeout: PATIENCE, tokens });
  const refused = (cause?: unknown): AuthError =>
    new AuthError(`${registry} does not accept this user name and password`, {
      suggestions: ["Check both; many registries want an access token in the password's place."],
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
  if (status !== 200) throw new ClusterError(`${registry} answered ${status}: it is no registry, or out of order`);
  if (identityToken === undefined) return credential;
  return { ...(credential.username === undefined ? {} : { username: credential.username }), identityToken };
}

export interface KeptLogin {
  /** In words: `the keychain`. */
  readonly place: string;
  /** A sentence, where it is a bad one. */
  readonly warning?: string;
}

/** @throws InvalidInput when no place takes it. */
export async function keepLogin(registry: string, credential: Credential, env: Environment): Promise<KeptLogin> {
  const keychain = new Keychain(keychainIndex(env));
  const helper = await helperOf(registry, env);
  if (helper !== undefined) {
    try {
      await helper.store(registry, credential);
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      throw new InvalidInput(`the login is good, but cannot be kept: ${error.message}`, {
        suggestions: ["Put the helper right, or take it out of docker's configuration (credsStore, credHelpers)."],
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

/** Whether anything was forgotten. @throws InvalidInput when a place that has it does not let go of it. */
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
  // DOCKER_AUTH_CONFIG cannot be written to.
  const [config] = await openDockerConfigs({ ...env, DOCKER_AUTH_CONFIG: undefined });
  const name = config?.helperFor(registry);
  return name === undefined ? undefined : new CredentialHelper(name);
}

/** An older login in the keychain would be found first. */
async function forgetQuietly(keychain: Keychain, registry: string): Promise<void> {
  try {
    await keychain.erase(registry);
  } catch (error) {
    if (!(error instanceof KeychainError)) throw error;
  }
}
