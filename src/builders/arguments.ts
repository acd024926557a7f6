/** Arguments that several builders share. */
import type { CacheEntry } from "../plan/docker/options.ts";

/**
 * The repository of a cache in a registry, for builders that keep each layer under its own tag: the reference without tag and digest.
 * Undefined for a cache that is not in a registry.
 */
export function repositoryOf({ type, attributes }: CacheEntry): string | undefined {
  if (type !== "registry") return undefined;
  return attributes["ref"]?.replace(/@.*/s, "").replace(/:[^:/]*$/, "");
}

/**
 * Escapes a text against expansion by Kubernetes, so that it arrives as the user wrote it. Kubernetes replaces `$(NAME)` in args and
 * env values from the container's environment, and `$$` always becomes `$` (k8s.io/kubernetes,
 * third_party/forked/golang/expansion).
 */
export function expandSafe(text: string): string {
  return text.replaceAll("$", "$$$$");
}
