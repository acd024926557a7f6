/** Asks the API server, right by right, whether the user may do what a build does. */
import type { Cluster } from "../../lib/kube/cluster.ts";
import type { Right } from "./rights.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** The answer for one verb on one resource. */
export interface Ruling {
  readonly right: Right;
  readonly verb: string;
  readonly allowed: boolean;
}

/** @throws ClusterError or AuthError when the API server does not answer. */
export function askRights(
  cluster: Pick<Cluster, "create" | "namespace">,
  rights: readonly Right[],
  signal: AbortSignal,
): Promise<Ruling[]> {
  const asked = rights.flatMap((right) =>
    right.verbs.map(async (verb): Promise<Ruling> => {
      const [resource = "", subresource] = right.resource.split("/");
      const resourceAttributes = {
        namespace: cluster.namespace,
        verb,
        group: right.group,
        resource,
        ...omitUndefined({ subresource }),
      };
      const review = await cluster.create("selfsubjectaccessreviews", { spec: { resourceAttributes } }, signal);
      return { right, verb, allowed: review.status?.allowed === true };
    }),
  );
  return Promise.all(asked);
}

/** `create, delete jobs; get pods/log` */
export function listRights(rulings: readonly Ruling[]): string {
  const verbs = new Map<string, string[]>();
  for (const { right, verb } of rulings) verbs.set(right.resource, [...(verbs.get(right.resource) ?? []), verb]);
  return [...verbs].map(([resource, of]) => `${of.join(", ")} ${resource}`).join("; ");
}

/** The namespace of the current context; undefined without a kubeconfig that names one. Never throws. */
export async function contextNamespace(): Promise<string | undefined> {
  // Only here: a build asks for rights too, and has no use for the reader of kubeconfigs before it connects.
  const { chooseTarget } = await import("../../lib/kube/choose-target.ts");
  try {
    return (await chooseTarget({})).namespace;
  } catch {
    return undefined;
  }
}
