/** What an image may be built on, and how it is signed. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import type { BuildRequest } from "../../plan/request.ts";

export const supplyChainFlags = {
  "verify-base": Flags.boolean({
    description: "refuse base images that the Dockerfile does not name by digest",
    env: "SLIPWAY_VERIFY_BASE",
    helpGroup: "SUPPLY CHAIN",
  }),
  sign: Flags.boolean({
    description: "sign the pushed image with cosign, which must be on the PATH",
    env: "SLIPWAY_SIGN",
    helpGroup: "SUPPLY CHAIN",
  }),
  "sign-key": Flags.string({
    description: "key to sign with, as for cosign's --key: a file, a KMS, k8s://NAMESPACE/SECRET",
    env: "SLIPWAY_SIGN_KEY",
    helpGroup: "SUPPLY CHAIN",
    helpValue: "KEY",
  }),
  "sign-log": Flags.option({ options: ["upload", "none"] as const })({
    description: "upload signatures to a public log, which keeps them for ever, or not; none needs a key",
    env: "SLIPWAY_SIGN_LOG",
    helpGroup: "SUPPLY CHAIN",
  }),
};

export function supplyChainRequest(
  flags: Interfaces.InferredFlags<typeof supplyChainFlags>,
): Pick<BuildRequest, "verifyBase" | "sign" | "signKey" | "signLog"> {
  return omitUndefined({
    verifyBase: flags["verify-base"],
    sign: flags.sign,
    signKey: flags["sign-key"],
    signLog: flags["sign-log"],
  });
}
