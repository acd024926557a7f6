/** The volumes that keep contexts between builds. */
import type { Cluster } from "../../lib/kube/cluster.ts";
import { InvalidInput } from "../../errors.ts";
import { jobOf } from "../../run/identity.ts";
import { OURS } from "../../run/labels.ts";
import { CONTEXT_CLAIM, CONTEXT_VOLUMES, PROJECT_ANNOTATION } from "../../ship/cache/claim.ts";

export interface KeptContext {
  /** The project, as given by --cache-name. */
  readonly name: string;
  /** The claim's name. */
  readonly claim: string;
  /** The claim's uid. */
  readonly uid: string;
  /** A Kubernetes quantity: the capacity, or the requested size while the claim is not bound. */
  readonly size: string;
  /** `Bound`, `Pending` or `Lost`. */
  readonly phase: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Names of the builds whose pods mount it and have not ended. */
  readonly usedBy: readonly string[];
}

/** Sorted by name. */
export async function listContexts(cluster: Cluster, signal: AbortSignal): Promise<readonly KeptContext[]> {
  const [claims, pods] = await Promise.all([
    cluster.list("persistentvolumeclaims", { labelSelector: CONTEXT_VOLUMES }, signal),
    cluster.list("pods", { labelSelector: OURS }, signal),
  ]);
  const live = pods.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
  // Everyone who may patch claims can label somebody else's, but nobody can rename it.
  const kept = claims.filter(({ metadata }) => metadata?.name?.startsWith(CONTEXT_CLAIM) === true);
  const contexts = kept.map(({ metadata, spec, status }): KeptContext => {
    const claim = metadata?.name ?? "";
    const users = live.filter(({ spec: pod }) =>
      pod?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim),
    );
    return {
      name: metadata?.annotations?.[PROJECT_ANNOTATION] ?? claim,
      claim,
      uid: metadata?.uid ?? "",
      size: status?.capacity?.["storage"] ?? spec?.resources?.requests?.["storage"] ?? "",
      phase: status?.phase ?? "",
      createdAt: new Date(metadata?.creationTimestamp ?? 0).toISOString(),
      usedBy: users.flatMap((pod) => jobOf(pod)?.name ?? []),
    };
  });
  return contexts.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The contexts with these names, each of a project or a claim. A project has one context for each numeric user that its builders run as.
 * @throws InvalidInput for an unknown name, or for a context that a build uses unless `force` is set
 */
export function chooseContexts(
  contexts: readonly KeptContext[],
  names: readonly string[],
  force: boolean,
): readonly KeptContext[] {
  const chosen = new Set<KeptContext>();
  for (const wanted of names) {
    const found = contexts.filter(({ name, claim }) => name === wanted || claim === wanted);
    if (found.length === 0) {
      throw new InvalidInput(`no context is kept under the name "${wanted}"`, {
        suggestions: ["List them: `slipway cache ls`."],
      });
    }
    for (const context of found) chosen.add(context);
  }
  const used = [...chosen].find(({ usedBy }) => usedBy.length > 0);
  if (used !== undefined && !force) {
    throw new InvalidInput(`the context kept for ${used.name} is in use by the build ${used.usedBy.join(", ")}`, {
      suggestions: ["Wait until it ends, or use -f: then the volume is deleted as soon as the build has ended."],
    });
  }
  return [...chosen];
}
