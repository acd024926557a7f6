/** How a client may leave its build to the cluster. */
import { Flags } from "@oclif/core";
import { InvalidInput } from "../../errors.ts";
import { loadTargetOf } from "../../plan/docker/results.ts";

export const detachFlags = {
  detach: Flags.boolean({
    char: "d",
    description: "detach: print the build's name and exit as soon as the build no longer needs this client",
    helpGroup: "CLUSTER",
  }),
  "detach-on-interrupt": Flags.boolean({
    description: "Ctrl-C detaches from the build instead of stopping it",
    env: "SLIPWAY_DETACH_ON_INTERRUPT",
    helpGroup: "CLUSTER",
  }),
};

/**
 * @param outputs the values of --output
 * @param load the value of --load
 * @param attests whether the client attests or signs the image after the push
 * @throws InvalidInput when the client has work to do after it would have left
 */
export function checkDetached(outputs: readonly string[], load: string | undefined, attests: boolean): void {
  if (outputs.some((text) => !/^type=(?:registry|image|cacheonly)\b/.test(text))) {
    throw new InvalidInput(
      "--detach cannot go with --output: the client would have left before it could receive files",
      {
        suggestions: ["Leave --detach out, or push with -t REGISTRY/NAME."],
      },
    );
  }
  if (loadTargetOf(load) !== undefined) {
    throw new InvalidInput(
      "--detach cannot go with --load: the client would have left before it could load the image",
      {
        suggestions: ["Leave out --detach or --load."],
      },
    );
  }
  if (!attests) return;
  throw new InvalidInput(
    "--detach cannot go with provenance, an SBOM or a signature: the client attaches them after the push, and would have left",
    { suggestions: ["Leave out --detach, or leave out --provenance, --sbom, --attest and --sign."] },
  );
}

/** @throws InvalidInput for --detach with several platforms that several pods build */
export function refuseSeveralDetached(): void {
  throw new InvalidInput(
    "--detach cannot go with several platforms: the client puts their images together at the end, and would have left",
    {
      suggestions: [
        "Leave out --detach.",
        "Or build each platform under its own tag, and then put them together: slipway imagetools create",
      ],
    },
  );
}
