/** What is to be attached to an image after its push, and whether this build can do that. Pure. */
import { pushes } from "../plan/plan.ts";
import type { BuildPlan } from "../plan/plan.ts";
import type { Attestation } from "../plan/docker/options.ts";
import { InvalidInput } from "../errors.ts";

/** The attributes of buildx's `--attest type=provenance` that also apply to provenance made by the client. */
const KNOWN: Readonly<Record<string, RegExp>> = { mode: /^(?:min|max)$/, version: /^v1$/, "builder-id": /./ };

/**
 * Whether the client has to attest or sign the image once it is pushed.
 * @param attestsItself the builder makes attestations itself
 * @throws InvalidInput for an attestation that cannot be made
 */
export function needsAttesting(plan: BuildPlan, attestsItself: boolean): boolean {
  const asked = (wanted: Attestation["type"]): Attestation | undefined =>
    plan.attestations?.find(({ type }) => type === wanted);
  if ((plan.attestations !== undefined || plan.sign !== undefined) && !pushes(plan)) {
    throw new InvalidInput(
      "attestations and signatures are attached to an image in a registry, but this build does not push",
      {
        suggestions: ["Name the image with -t REGISTRY/NAME, or leave out --provenance, --sbom, --attest and --sign."],
      },
    );
  }
  if (attestsItself) return plan.sign !== undefined;
  const provenance = asked("provenance");
  for (const [key, value] of Object.entries(provenance?.attributes ?? {})) {
    if (KNOWN[key]?.test(value) === true) continue;
    throw new InvalidInput(
      `--provenance ${key}=${value} is not supported with ${plan.builder}, whose provenance slipway makes`,
      {
        suggestions: [
          "Use mode=min or mode=max, builder-id=URI, version=v1; or use --builder buildkit, which makes its own provenance.",
        ],
      },
    );
  }
  return provenance !== undefined || asked("sbom") !== undefined || plan.sign !== undefined;
}

/**
 * Why attestations need all of the context, as one clause; undefined if they do not. The client makes its attestations from the
 * Dockerfile and the image only; BuildKit's may use any file.
 */
export function attestationsReadAll(
  { attestations = [] }: Pick<BuildPlan, "attestations">,
  attestsItself: boolean,
): string | undefined {
  return attestsItself && attestations.length > 0 ? "an attestation may use all of it" : undefined;
}
