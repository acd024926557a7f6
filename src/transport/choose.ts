/** Which transport, once it is known how large the packed context is: small ones need no connection of their own. */
import type { BuildPlan } from "../plan/plan.ts";
import { InvalidInput } from "../errors.ts";
import { deliverByCache } from "./cache.ts";
import type { CachedContext } from "./cache.ts";
import type { CacheSource } from "../build/cache-source.ts";
import { claimOf } from "./claim.ts";
import { CONFIGMAP_LIMIT, deliverByConfigMap } from "./configmap.ts";
import type { ReceiverIdentity } from "./receiver.ts";
import { NO_DELIVERY } from "./none.ts";
import { deliverByStream, deliverByVolume } from "./stream.ts";
import type { OpenArchive } from "../build/open-context.ts";
import type { Delivery } from "./transport.ts";

/** The context in the forms transports want it. */
export interface ContextSources extends Pick<CachedContext, "live"> {
  readonly open: OpenArchive;
  readonly source: () => CacheSource;
}

/**
 * Packs into memory up to the ConfigMap's limit. What is larger goes on from there as a stream, so that nothing is packed twice.
 * Resolves as soon as the choice is made, not when all is packed.
 * @throws InvalidInput when `configmap` was asked for and the context is too large for it.
 */
export async function chooseDelivery(
  plan: BuildPlan,
  { open, source, live }: ContextSources,
  identity: ReceiverIdentity,
): Promise<Delivery> {
  if (plan.transport === "none") return NO_DELIVERY;
  if (plan.transport === "cache") {
    const claim = claimOf({ ...plan.volume, name: plan.cacheName }, identity.user, plan.version);
    return deliverByCache({ build: plan.name, claim, source: source(), open, live }, identity);
  }
  if (plan.transport === "stream") return deliverByStream(open, identity);
  if (plan.transport === "pvc") return deliverByVolume(open, identity, plan.volume);
  const head: Uint8Array[] = [];
  let size = 0;
  const rest = open()[Symbol.asyncIterator]();
  for (;;) {
    const step = await rest.next();
    if (step.done === true) return deliverByConfigMap(Buffer.concat(head), plan.name);
    head.push(step.value);
    size += step.value.length;
    if (size > CONFIGMAP_LIMIT) break;
  }
  if (plan.transport === "configmap") {
    await rest.return?.();
    throw new InvalidInput(
      `the packed context is larger than the ${CONFIGMAP_LIMIT / 1024} KiB a ConfigMap may carry`,
      {
        suggestions: [
          "Leave --transport out, or use --transport stream.",
          "Ignore what the build does not need in .dockerignore.",
        ],
      },
    );
  }
  return deliverByStream(resumable(head, rest, open), identity);
}

/** The first time what was packed already and then the rest; from the second time on packed anew. */
function resumable(head: Uint8Array[], rest: AsyncIterator<Uint8Array>, open: OpenArchive): OpenArchive {
  let first = true;
  return () => {
    if (!first) return open();
    first = false;
    return goOn(head, rest);
  };
}

async function* goOn(head: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* head.splice(0);
    for (let step = await rest.next(); step.done !== true; step = await rest.next()) yield step.value;
  } finally {
    await rest.return?.();
  }
}
