/** Whether the user may do what a build does, asked of the API server right by right. */
import type { Cluster } from "../../lib/kube/cluster.ts";
import type { Right } from "../rbac/rights.ts";
import { ok, warn } from "./check.ts";
import type { Check } from "./check.ts";

/** Of one verb on one resource: may it be done? */
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
        ...(subresource === undefined ? {} : { subresource }),
      };
      const review = await cluster.create("selfsubjectaccessreviews", { spec: { resourceAttributes } }, signal);
      return { right, verb, allowed: review.status?.allowed === true };
    }),
  );
  return Promise.all(asked);
}

/** What a build can do without, each with what is lost: a resource (`events`), or one verb on it (`patch jobs`). */
export type OptionalRights = ReadonlyMap<string, string>;

/** @param optional what of it need not be allowed */
export function mayDo(rulings: readonly Ruling[], resource: string, optional: OptionalRights = new Map()): boolean {
  return rulings
    .filter((ruling) => ruling.right.resource === resource && lossOf(ruling, optional) === undefined)
    .every(({ allowed }) => allowed);
}

function lossOf({ right, verb }: Ruling, optional: OptionalRights): string | undefined {
  return optional.get(right.resource) ?? optional.get(`${verb} ${right.resource}`);
}

/**
 * @param fix the command that prints what is missing
 */
export function rightsCheck(
  rulings: readonly Ruling[],
  namespace: string,
  optional: OptionalRights,
  fix: string,
): Check {
  const denied = rulings.filter(({ allowed }) => !allowed);
  const name = "rights";
  if (denied.length === 0) return ok(name, `you may do all that a build does in the namespace "${namespace}"`);
  const remedy = `Let somebody who may do so apply what this prints: ${fix}`;
  const needed = denied.filter((ruling) => lossOf(ruling, optional) === undefined);
  if (needed.length > 0) {
    const message = `you may not ${list(needed)} in the namespace "${namespace}"`;
    return { name, status: "fail", message, suggestions: [remedy], kind: "unauthorised" };
  }
  const lost = new Set(denied.map((ruling) => lossOf(ruling, optional)));
  return warn(name, `you may not ${list(denied)} in the namespace "${namespace}": ${[...lost].join("; ")}`, [remedy]);
}

/** `create, delete jobs and get pods/log` */
function list(rulings: readonly Ruling[]): string {
  const verbs = new Map<string, string[]>();
  for (const { right, verb } of rulings) verbs.set(right.resource, [...(verbs.get(right.resource) ?? []), verb]);
  return [...verbs].map(([resource, of]) => `${of.join(", ")} ${resource}`).join("; ");
}
