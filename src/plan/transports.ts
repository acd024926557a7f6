/**
 * The transports: how a context reaches the builder's pod. One row each. Rights, doctor's checks, user namespaces, flags' help and
 * the plan are derived from these facts; src/ship/choose.ts has a row for each that delivers.
 */

export interface Transport {
  /** The context is sent over an exec connection, so the user needs the right on `pods/exec`. */
  readonly needsExec: boolean;
  /** The context is in the build's own ConfigMap. */
  readonly usesConfigMap: boolean;
  /** The volume claim it needs: "pod", made and deleted with the pod by the cluster, or "kept", made by slipway and kept for later builds. */
  readonly claim?: "pod" | "kept";
  /** A pod with a user namespace of its own can mount its volume. Not every storage driver can show a claim to one (idmapped mounts). */
  readonly sharesUserNamespace: boolean;
  /** It sends one directory only, so `--build-context` cannot name another one. */
  readonly oneDirectory?: true;
  /** `auto` may choose it. */
  readonly automatic?: true;
  /** Users do not choose it by name: it follows from other flags. */
  readonly implied?: true;
}

const TABLE = {
  configmap: { needsExec: false, usesConfigMap: true, sharesUserNamespace: true, automatic: true },
  stream: { needsExec: true, usesConfigMap: false, sharesUserNamespace: true, automatic: true },
  pvc: { needsExec: true, usesConfigMap: false, claim: "pod", sharesUserNamespace: false },
  cache: { needsExec: true, usesConfigMap: false, claim: "kept", sharesUserNamespace: false, oneDirectory: true },
  // The builder fetches its context itself (--git-in-cluster).
  none: { needsExec: false, usesConfigMap: false, sharesUserNamespace: true, implied: true },
} as const satisfies Readonly<Record<string, Transport>>;

export type TransportName = keyof typeof TABLE;

/** Chooses by the size of the packed context. */
export const AUTO = "auto" as const;
export type TransportChoice = TransportName | typeof AUTO;

const ROWS: Readonly<Record<TransportName, Transport>> = TABLE;

/** Names that `--transport` takes, besides AUTO. */
export const TRANSPORTS: readonly TransportName[] = namesOf(({ implied }) => implied !== true);

/** Returns the transports that may carry the context: the automatic ones for AUTO, otherwise the chosen one. */
export function candidatesOf(choice: TransportChoice): readonly Transport[] {
  if (choice !== AUTO) return [ROWS[choice]];
  return Object.values(ROWS).filter(({ automatic }) => automatic === true);
}

/** Names of the transports of which this is true, for a sentence: "pvc or cache". */
export function transportsThat(holds: (transport: Transport) => boolean): string {
  return namesOf(holds).join(" or ");
}

/** Names of the transports that need a volume claim, and so a storage class, for a sentence: "pvc or cache". */
export function claimingTransports(): string {
  return transportsThat(({ claim }) => claim !== undefined);
}

function namesOf(holds: (transport: Transport) => boolean): TransportName[] {
  return (Object.keys(ROWS) as TransportName[]).filter((name) => holds(ROWS[name]));
}

/** Whether the context needs a volume claim, and so a storage class. */
export function needsClaim(choice: TransportChoice): boolean {
  return candidatesOf(choice).some(({ claim }) => claim !== undefined);
}

/** Whether the pod of this plan mounts a volume claim: for the context, or for its builder's state. */
export function mountsClaim(plan: { readonly transport: TransportChoice; readonly cacheVolume?: string }): boolean {
  return plan.cacheVolume !== undefined || needsClaim(plan.transport);
}
