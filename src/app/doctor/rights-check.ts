/** The check of the user's rights. */
import { listRights } from "../rbac/ask-rights.ts";
import type { Ruling } from "../rbac/ask-rights.ts";
import { ok, warn } from "./check.ts";
import type { Check } from "./check.ts";

/** Rights that a build can do without, each with what is lost: a resource (`events`), or one verb on it (`patch jobs`). */
export type OptionalRights = ReadonlyMap<string, string>;

/** @param optional rights that need not be allowed */
export function mayDo(rulings: readonly Ruling[], resource: string, optional: OptionalRights = new Map()): boolean {
  return rulings
    .filter((ruling) => ruling.right.resource === resource && lossOf(ruling, optional) === undefined)
    .every(({ allowed }) => allowed);
}

function lossOf({ right, verb }: Ruling, optional: OptionalRights): string | undefined {
  return optional.get(right.resource) ?? optional.get(`${verb} ${right.resource}`);
}

/** @param remedy how to get the missing rights: one instruction */
export function rightsCheck(
  rulings: readonly Ruling[],
  namespace: string,
  optional: OptionalRights,
  remedy: string,
): Check {
  const denied = rulings.filter(({ allowed }) => !allowed);
  const name = "rights";
  if (denied.length === 0) return ok(name, `you have every right that a build needs in the namespace "${namespace}"`);
  const needed = denied.filter((ruling) => lossOf(ruling, optional) === undefined);
  if (needed.length > 0) {
    const message = `you may not ${listRights(denied)} in the namespace "${namespace}"`;
    return { name, status: "fail", message, suggestions: [remedy], kind: "unauthorised" };
  }
  const lost = new Set(denied.map((ruling) => lossOf(ruling, optional)));
  const message = `you may not ${listRights(denied)} in the namespace "${namespace}": ${[...lost].join("; ")}`;
  return warn(name, message, [remedy]);
}
