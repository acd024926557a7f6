/** What is asked to be made of an image after its push, and whether this build can: pure. */
import { pushes } from "../plan/plan.ts";
import type { BuildPlan } from "../plan/plan.ts";
import type { Attestation } from "../plan/docker/options.ts";
import { InvalidInput } from "../errors.ts";

/** Of the attributes of buildx's `--attest type=provenance`, those that mean something to provenance made by the client. */
const KNOWN: Readonly<Record<string, RegExp>> = { mode: /^(?:min|max)$/, version: /^v1$/, "builder-id": /./ };

/**
 * Whether the client has something to do once the image is pushed.
 * @param attestsItself the builder makes attestations of its own
 * @throws InvalidInput for what cannot be made
 */
export function needsSeal(plan: BuildPlan, attestsItself: boolean): boolean {
  const asked = (wanted: Attestation["type"]): Attestation | undefined =>
    plan.attestations?.find(({ type }) => type === wanted);
  if ((plan.attestations !== undefined || plan.sign !== undefined) && !pushes(plan)) {
    throw new InvalidInput(
      "attestations and signatures are attached to an image in a registry, and this build pushes none",
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
      `--provenance ${key}=${value} is not for provenance that slipway makes, as it does for ${plan.builder}`,
      {
        suggestions: [
          "Write mode=min or mode=max, builder-id=URI, version=v1; or use --builder buildkit, which makes its own.",
        ],
      },
    );
  }
  return provenance !== undefined || asked("sbom") !== undefined || plan.sign !== undefined;
}

/**
 * Why attestations need all of the context, as one clause; undefined where they do not. The client's own are made of the
 * Dockerfile and of the image; what BuildKit makes its own of is its business.
 */
export function attestationsReadAll(
  { attestations = [] }: Pick<BuildPlan, "attestations">,
  attestsItself: boolean,
): string | undefined {
  return attestsItself && attestations.length > 0 ? "an attestation may look at all of it" : undefined;
}
