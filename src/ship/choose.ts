/** The transports by name: how each delivers a context; and which one `auto` takes, once the size of the packed context is known. */
import { inputsName } from "../plan/inputs-name.ts";
import { ARCHIVE_FILE, CONTEXT_VOLUME } from "../plan/layout.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { AUTO } from "../plan/transports.ts";
import type { TransportName } from "../plan/transports.ts";
import { InvalidInput } from "../errors.ts";
import type { CacheSource } from "../pack/cache-source.ts";
import type { OpenArchive } from "../pack/open-context.ts";
import { claimOf } from "./cache/claim.ts";
import { deliverByCache } from "./cache/ship.ts";
import type { CachedContext } from "./cache/ship.ts";
import { NO_DELIVERY } from "./delivery.ts";
import type { Delivery } from "./delivery.ts";
import type { ReceiverIdentity } from "./receiver.ts";
import { deliverByStream, deliverByVolume } from "./stream.ts";

/** The context in the forms that transports need. */
export interface ContextSources extends Pick<CachedContext, "live"> {
  readonly open: OpenArchive;
  readonly source: () => CacheSource;
}

type Deliver = (plan: BuildPlan, sources: ContextSources, identity: ReceiverIdentity) => Delivery | Promise<Delivery>;

/** One row for each transport of plan/transports.ts. */
const DELIVER: Readonly<Record<TransportName, Deliver>> = {
  configmap: deliverSmall,
  stream: (_, { open }, identity) => deliverByStream(open, identity),
  pvc: ({ volume }, { open }, identity) => deliverByVolume(open, identity, volume),
  cache: (plan, { open, source, live }, identity) => {
    const claim = claimOf({ ...plan.volume, name: plan.cacheName }, identity.user, plan.version);
    return deliverByCache({ build: plan.name, claim, source: source(), open, live }, identity);
  },
  none: () => NO_DELIVERY,
};

/**
 * Resolves as soon as the choice is made, not when everything is packed.
 * @throws InvalidInput when a ConfigMap was asked for and the context is too large for it.
 */
export async function chooseDelivery(
  plan: BuildPlan,
  sources: ContextSources,
  identity: ReceiverIdentity,
): Promise<Delivery> {
  if (plan.transport !== AUTO) return DELIVER[plan.transport](plan, sources, identity);
  const packed = await packInMemory(sources.open);
  if (packed.kind === "small") return deliverByConfigMap(packed.archive, inputsName(plan.name));
  return deliverByStream(resumable(packed, sources.open), identity);
}

async function deliverSmall(plan: BuildPlan, { open }: ContextSources): Promise<Delivery> {
  const packed = await packInMemory(open);
  if (packed.kind === "small") return deliverByConfigMap(packed.archive, inputsName(plan.name));
  await packed.rest.return?.();
  throw new InvalidInput(
    `the packed context is larger than the ${CONFIGMAP_LIMIT / 1024} KiB that a ConfigMap can hold`,
    {
      suggestions: [
        "Leave --transport out, or use --transport stream.",
        "Ignore what the build does not need in .dockerignore.",
      ],
    },
  );
}

/**
 * Largest archive, in bytes, that is sent in a ConfigMap. The API server takes 1 MiB of decoded data in one
 * (k8s.io/kubernetes pkg/apis/core: MaxSecretSize) and etcd 1.5 MiB in a request; this leaves room and keeps etcd small.
 */
export const CONFIGMAP_LIMIT = 768 * 1024;

/** A small context travels with the build's objects: nothing to wait for, no exec right, no websocket. */
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

interface PartlyPacked {
  readonly kind: "large";
  /** The chunks that are packed, which exceed CONFIGMAP_LIMIT. */
  readonly head: Uint8Array[];
  readonly rest: AsyncIterator<Uint8Array>;
}

/** Packs until the archive ends or is larger than a ConfigMap can hold. */
async function packInMemory(
  open: OpenArchive,
): Promise<{ readonly kind: "small"; readonly archive: Uint8Array } | PartlyPacked> {
  const head: Uint8Array[] = [];
  let size = 0;
  const rest = open()[Symbol.asyncIterator]();
  for (;;) {
    const step = await rest.next();
    if (step.done === true) return { kind: "small", archive: Buffer.concat(head) };
    head.push(step.value);
    size += step.value.length;
    if (size > CONFIGMAP_LIMIT) return { kind: "large", head, rest };
  }
}

/** Opened for the first time it continues what is partly packed, so that nothing is packed twice; later it packs from the start. */
function resumable(packed: PartlyPacked, open: OpenArchive): OpenArchive {
  let first = true;
  return () => {
    if (!first) return open();
    first = false;
    return continuePacking(packed);
  };
}

async function* continuePacking({ head, rest }: PartlyPacked): AsyncIterable<Uint8Array> {
  try {
    yield* head.splice(0);
    for (let step = await rest.next(); step.done !== true; step = await rest.next()) yield step.value;
  } finally {
    await rest.return?.();
  }
}
