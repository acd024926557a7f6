/** Whether an error tells of the build, or only of us: that we no longer reach the cluster, or are no longer known to it. */
import { AuthError, ClusterError } from "../errors.ts";
import type { ApiRefusal } from "./cluster.ts";

/** The HTTP code of the refusal behind an error; undefined when the API server has not answered. */
export function codeOf(error: unknown): number | undefined {
  const cause = error instanceof Error ? (error.cause as Partial<ApiRefusal> | undefined) : undefined;
  return typeof cause?.code === "number" ? cause.code : undefined;
}

/** The API server's own words in the refusal behind an error; "" when it has not answered. */
export function saidOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as Partial<ApiRefusal> | undefined) : undefined;
  return typeof cause?.said === "string" ? cause.said : "";
}

/** The cluster could not be asked any more: the network, the API server, or credentials that have run out. */
export function hasLostContact(error: unknown): boolean {
  const code = codeOf(error);
  if (error instanceof AuthError) return code === undefined || code === 401;
  if (!(error instanceof ClusterError)) return false;
  // A refusal has a code, a network's failure is caused by what the network threw; a sentence of our own has no cause.
  return code === undefined ? error.cause !== undefined : code === 429 || code >= 500;
}
