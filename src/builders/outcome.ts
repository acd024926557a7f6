/** Outcomes of builders, and the errors that the user sees. */
import type { ContainerEnd, Outcome } from "./builder.ts";
import type { BuildPlan } from "../plan/plan.ts";
import { isForEngine } from "../plan/docker/results.ts";
import { AuthError, BuildFailed, BuilderUnable, ClusterError } from "../errors.ts";
import type { SlipwayError } from "../errors.ts";

/**
 * The outcome of a builder that writes the digest of the image to its termination message.
 * @param failure explains a failed container; a digest counts only with exit code 0
 */
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
    message: `${builder} succeeded but wrote no digest to its termination message`,
    suggestions: [`Check that --builder-image is an image of ${builder}.`],
  };
}

/**
 * Checks the plan for a builder that writes only one name into an archive for docker. For an engine, slipway adds the other names.
 * @throws BuilderUnable if the archive needs several names
 */
export function refuseSeveralNames(builder: string, { tags, exports = [] }: BuildPlan): void {
  if (tags.length < 2 || !exports.some((wanted) => wanted.format === "docker" && !isForEngine(wanted))) return;
  throw new BuilderUnable(`${builder} supports only one image name in an archive for docker`, {
    suggestions: ["Keep only one -t.", "Or use --builder kaniko or --builder buildkit."],
  });
}

const ERRORS = { build: BuildFailed, "registry-auth": AuthError, cluster: ClusterError } as const;

/**
 * @param place where it failed, for example `Dockerfile line 3`
 * @param excerpt the lines around it
 */
export function outcomeError(
  { fault, message, suggestions }: Extract<Outcome, { kind: "failed" }>,
  place?: { readonly file: string; readonly line: number; readonly excerpt: readonly string[] | undefined },
): SlipwayError {
  return new ERRORS[fault](place === undefined ? message : `${place.file} line ${place.line}: ${message}`, {
    suggestions,
    line: place?.line,
    excerpt: place?.excerpt,
  });
}
