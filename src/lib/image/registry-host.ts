/** Which registries may be met over plain http without having been asked for it. */

const PRIVATE =
  /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+)$/;

/**
 * This machine and private addresses, to which go-containerregistry, and so kaniko, speaks http when https fails
 * (go-containerregistry pkg/name/registry.go: isRFC1918, Scheme).
 * @param registry host and port as in Reference.registry
 */
export function isLocalRegistry(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "");
  return PRIVATE.test(host) || host.endsWith(".local");
}
