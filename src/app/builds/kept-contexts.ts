/** The volumes on which contexts are kept between builds. */
import type { Cluster } from "../../lib/kube/cluster.ts";
import { InvalidInput } from "../../errors.ts";
import { LABEL, OURS } from "../../run/labels.ts";
import { CONTEXT_VOLUMES, PROJECT_ANNOTATION } from "../../ship/cache/claim.ts";

export interface KeptContext {
  /** The project, as --cache-name has it. */
  readonly name: string;
  /** The claim's name. */
  readonly claim: string;
  /** A Kubernetes quantity: what it holds at most, or what was asked for while it is not bound. */
  readonly size: string;
  /** `Bound`, `Pending` or `Lost`. */
  readonly phase: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Names of the builds whose pods mount it and have not ended. */
  readonly usedBy: readonly string[];
}

/** By name. */
export async function listContexts(cluster: Cluster, signal: AbortSignal): Promise<readonly KeptContext[]> {
  const [claims, pods] = await Promise.all([
    cluster.list("persistentvolumeclaims", { labelSelector: CONTEXT_VOLUMES }, signal),
    cluster.list("pods", { labelSelector: OURS }, signal),
  ]);
  const live = pods.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
  const contexts = claims.map(({ metadata, spec, status }): KeptContext => {
    const claim = metadata?.name ?? "";
    const users = live.filter(({ spec: pod }) =>
      pod?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim),
    );
    return {
      name: metadata?.annotations?.[PROJECT_ANNOTATION] ?? claim,
      claim,
      size: status?.capacity?.["storage"] ?? spec?.resources?.requests?.["storage"] ?? "",
      phase: status?.phase ?? "",
      createdAt: new Date(metadata?.creationTimestamp ?? 0).toISOString(),
      usedBy: users.flatMap((pod) => pod.metadata?.labels?.[LABEL.build] ?? []),
    };
  });
  return contexts.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Those of the names, each a project's or a claim's; a project has one for each user its builders run as.
 * @throws InvalidInput for a name that is none, or one that a build uses unless `force`
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
        suggestions: ["See which there are: `slipway cache ls`."],
      });
    }
    for (const context of found) chosen.add(context);
  }
  const used = [...chosen].find(({ usedBy }) => usedBy.length > 0);
  if (used !== undefined && !force) {
    throw new InvalidInput(`the context kept for ${used.name} is in use by the build ${used.usedBy.join(", ")}`, {
      suggestions: ["Wait for its end, or use -f: the volume goes as soon as the build has ended."],
    });
  }
  return [...chosen];
}
