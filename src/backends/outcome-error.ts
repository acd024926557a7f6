/** From a backend's outcome to the error the user sees. */
import { AuthError, BuildFailed, ClusterError } from "../errors.ts";
import type { SlipwayError } from "../errors.ts";
import type { Outcome } from "./backend.ts";

const ERRORS = { build: BuildFailed, "registry-auth": AuthError, cluster: ClusterError } as const;

export function outcomeError(outcome: Extract<Outcome, { kind: "failed" }>): SlipwayError {
  return new ERRORS[outcome.fault](outcome.message, { suggestions: outcome.suggestions });
}
