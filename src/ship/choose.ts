/** Which transport, once it is known how large the packed context is: small ones need no connection of their own. */
import type { BuildPlan } from "../plan/plan.ts";
import { InvalidInput } from "../errors.ts";
import { deliverByCache } from "./cache/ship.ts";
import type { CachedContext } from "./cache/ship.ts";
import type { CacheSource } from "../pack/cache-source.ts";
import { claimOf } from "./cache/claim.ts";
import type { ReceiverIdentity } from "./receiver.ts";
import { deliverByStream, deliverByVolume } from "./stream.ts";
import type { OpenArchive } from "../pack/open-context.ts";
import type { Delivery } from "./delivery.ts";
import { ARCHIVE_FILE, CONTEXT_VOLUME } from "../plan/layout.ts";

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

// A context small enough for a ConfigMap: nothing to wait for, no exec right, no websocket.

/**
 * Largest archive, in bytes, sent this way. The API server takes 1 MiB of decoded data in a ConfigMap
 * (k8s.io/kubernetes pkg/apis/core: MaxSecretSize) and etcd 1.5 MiB in a request; this leaves room and keeps etcd small.
 */
export const CONFIGMAP_LIMIT = 768 * 1024;

export function deliverByConfigMap(archive: Uint8Array, configMap: string): Delivery {
  return {
    transport: "configmap",
    form: "archive",
    volume: {
      name: CONTEXT_VOLUME,
      configMap: { name: configMap, items: [{ key: ARCHIVE_FILE, path: ARCHIVE_FILE }] },
    },
    binaryData: {
      [ARCHIVE_FILE]: Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength).toString("base64"),
    },
  };
}

// Nothing travels: no volume, no container that receives, no exec. The builder fetches its context itself.

export const NO_DELIVERY: Delivery = { transport: "none", form: "none" };
