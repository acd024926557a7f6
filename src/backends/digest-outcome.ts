/** The outcome of a builder that writes the pushed image's digest to its termination message. */
import type { ContainerEnd, Outcome } from "./backend.ts";

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
