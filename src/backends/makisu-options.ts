/** What makisu makes of docker's further options, and of its own: the cache in Redis and the layers the Dockerfile asks for. */
import type { BuildPlan } from "../plan/plan.ts";
import type { FlagCapability } from "../plan/docker/capabilities.ts";

export const MAKISU_OPTIONS: readonly FlagCapability[] = ["add-host", "cache-redis", "shm-size"];

/** Makisu reads and writes one store: what it knows of layers is in Redis, the layers are in the image's repository. */
export function optionArguments(plan: BuildPlan): string[] {
  if (plan.noCache) return ["--local-cache-ttl=0s"];
  const entry = [...(plan.cacheTo ?? []), ...(plan.cacheFrom ?? [])].find(({ type }) => type === "redis");
  if (entry === undefined) return [];
  const { addr = "", ttl } = entry.attributes;
  return [`--redis-cache-addr=${addr}`, ...(ttl === undefined ? [] : [`--redis-cache-ttl=${ttl}`])];
}

/** A Dockerfile that says where layers are to be: makisu makes one at each line that ends so, and at the last. */
export function commitsExplicitly({ dockerfile }: BuildPlan): boolean {
  return /#!COMMIT[ \t]*$/m.test(dockerfile.text ?? "");
}
