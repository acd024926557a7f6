/** Decides which registries may be used over plain http without a flag. */

const PRIVATE =
  /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+)$/;

/**
 * Whether the registry is on this machine or at a private address. go-containerregistry, and so kaniko, falls back to http for these
 * (go-containerregistry pkg/name/registry.go: isRFC1918, Scheme).
 * @param registry host and port as in Reference.registry
 */
export function isLocalRegistry(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "");
  return PRIVATE.test(host) || host.endsWith(".local");
}
