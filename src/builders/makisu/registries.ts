/** Makisu's configuration of registries (lib/registry/config.go). It is YAML; this file writes JSON, which is valid YAML. */
import type { RegistryAccess } from "../../plan/plan.ts";
import { isLocalRegistry } from "../../lib/image/registry-host.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** Makisu's name for a registry: Docker Hub has another name. */
export function makisuHost(registry: string): string {
  return registry === "docker.io" ? "index.docker.io" : registry;
}

interface DockerAuth {
  readonly auth?: string;
  readonly identitytoken?: string;
}

/**
 * @param ca path of the mounted extra certificates
 * @param dockerConfig a config.json made by slipway: `auth` and `identitytoken` in `auths`
 */
export function registryConfig(access: RegistryAccess, ca: string | undefined, dockerConfig: string): string {
  const { auths = {} } = JSON.parse(dockerConfig) as { auths?: Record<string, DockerAuth> };
  const map: Record<string, object> = {};
  for (const host of access.hosts) {
    const unverified = access.insecure.includes(host) || (ca === undefined && isLocalRegistry(host));
    const given = ca === undefined ? {} : { ca: { cert: { path: ca } } };
    const tls = unverified ? { ca: { disabled: true } } : given;
    const entry = auths[host === "docker.io" ? "https://index.docker.io/v1/" : host];
    // The registries of Google and Amazon do not accept uploads in chunks.
    const security = { tls, ...(entry === undefined ? {} : { basic: basicOf(entry) }) };
    map[makisuHost(host)] = { ".*": { push_chunk: -1, security } };
  }
  return JSON.stringify(map);
}

function basicOf({ auth = "", identitytoken }: DockerAuth): object {
  const plain = Buffer.from(auth, "base64").toString();
  const colon = plain.indexOf(":");
  return {
    ...(colon < 0 ? {} : { username: plain.slice(0, colon), password: plain.slice(colon + 1) }),
    ...omitUndefined({ identitytoken }),
  };
}
