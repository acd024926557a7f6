/** A cache in a registry as those builders take it that keep each layer under a tag of its own. */
import type { CacheEntry } from "../plan/docker/options.ts";

/** The reference without tag and digest; undefined for a cache that is in no registry. */
export function repositoryOf({ type, attributes }: CacheEntry): string | undefined {
  if (type !== "registry") return undefined;
  return attributes["ref"]?.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
}

/**
 * Kubernetes replaces `$(NAME)` in args and env values by the container's environment, and `$$(` stands for a literal `$(`
 * (k8s.io/kubernetes third_party/forked/golang/expansion: `$$` becomes `$`, whatever follows). What a user wrote must arrive as written.
 */
export function expandSafe(text: string): string {
  return text.replaceAll("$", "$$$$");
}
