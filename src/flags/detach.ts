/** Flags of `build` for leaving it to the cluster. */
import { Flags } from "@oclif/core";
import { InvalidInput } from "../errors.ts";

export const detachFlags = {
  detach: Flags.boolean({
    char: "d",
    description: "print the build's name and leave as soon as it can do without this client",
    helpGroup: "CLUSTER",
  }),
  "detach-on-interrupt": Flags.boolean({
    description: "Ctrl-C leaves the build to the cluster instead of stopping it",
    env: "SLIPWAY_DETACH_ON_INTERRUPT",
    helpGroup: "CLUSTER",
  }),
};

/** @throws InvalidInput when something of the build is left to do for a client that will be gone. */
export function checkDetached(outputs: readonly string[], staysForSeal: boolean): void {
  if (outputs.some((text) => !/^type=(?:registry|image|cacheonly)\b/.test(text))) {
    throw new InvalidInput("--detach leaves the build to the cluster, and nobody would be here to take its --output", {
      suggestions: ["Leave --detach out, or push with -t REGISTRY/NAME."],
    });
  }
  if (!staysForSeal) return;
  throw new InvalidInput(
    "--detach leaves the build to the cluster, and nobody would be here to attach provenance or an SBOM, or to sign",
    {
      suggestions: ["Leave --detach out, or --provenance, --sbom, --attest and --sign."],
    },
  );
}
