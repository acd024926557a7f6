/** The outcome of a builder that writes the pushed image's digest to its termination message. */
import type { ContainerEnd, Outcome } from "./builder.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { AuthError, BuildFailed, BuilderUnable, ClusterError } from "../errors.ts";
import type { SlipwayError } from "../errors.ts";

/** @param failure what it means when the container failed: a digest counts only with exit code 0. */
export function digestOutcome(
  end: ContainerEnd,
  builder: string,
  failure: (end: ContainerEnd) => Extract<Outcome, { kind: "failed" }>,
): Outcome {
  if (end.exitCode !== 0) return failure(end);
  const digest = /^sha256:[0-9a-f]{64}$/.exec(end.message.trim())?.[0];
  if (digest !== undefined) return { kind: "built", digest };
  return {
    kind: "failed",
    fault: "cluster",
    message: `${builder} ended well but left no digest in its termination message`,
    suggestions: [`Check that --builder-image is an image of ${builder}.`],
  };
}

// Builders whose archive for docker holds one name of the image.

/** @throws BuilderUnable where such an archive is to have several. */
export function refuseSeveralNames(builder: string, { tags, exports = [] }: BuildPlan): void {
  if (tags.length < 2 || !exports.some(({ format }) => format === "docker")) return;
  throw new BuilderUnable(`${builder} cannot give an image several names in an archive for docker`, {
    suggestions: ["Leave one -t.", "Or use --builder kaniko or --builder buildkit."],
  });
}

// From a builder's outcome to the error the user sees.

const ERRORS = { build: BuildFailed, "registry-auth": AuthError, cluster: ClusterError } as const;

export function outcomeError(outcome: Extract<Outcome, { kind: "failed" }>): SlipwayError {
  return new ERRORS[outcome.fault](outcome.message, { suggestions: outcome.suggestions });
}
