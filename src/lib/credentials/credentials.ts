/** Credentials for a registry. Each part may be absent, but not all of them. */
export interface Credential {
  readonly username?: string;
  readonly password?: string;
  /** A refresh token, exchanged for access at the registry's token service. */
  readonly identityToken?: string;
  /** A bearer token, sent as it is. */
  readonly registryToken?: string;
}

/** A store's answer for one registry. `warning` is a sentence that explains why a credential may be missing. */
export interface Answer {
  readonly credential?: Credential;
  readonly warning?: string;
}

/** A source of credentials: a docker configuration, a credential helper, the OS keychain. */
export interface CredentialStore {
  /**
   * @param registry host and port as in a Reference: `docker.io`, `localhost:5000`
   * @throws InvalidInput if the store has an entry for this registry that cannot be read
   */
  get(registry: string): Promise<Answer>;
}

/** Under this key docker, kaniko, buildah and buildctl all look for Docker Hub. */
export const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

const DOCKER_HUB_HOSTS: ReadonlySet<string> = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
]);

/** The registry of a key in a docker configuration: `https://ghcr.io/v2/` is `ghcr.io`, all of Docker Hub's names are `docker.io`. */
export function registryOf(key: string): string {
  const host = (key.replace(/^https?:\/\//i, "").split("/", 1)[0] ?? "").toLowerCase();
  return DOCKER_HUB_HOSTS.has(host) ? "docker.io" : host;
}

/** The key under which builders look for a registry. */
export function keyOf(registry: string): string {
  const host = registryOf(registry);
  return host === "docker.io" ? DOCKER_HUB_KEY : host;
}
