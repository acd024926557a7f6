/** What an image is made of, and who says so. */
import { Flags } from "@oclif/core";

export const supplyChainFlags = {
  "verify-base": Flags.boolean({
    description: "refuse to build on an image that the Dockerfile does not name by its digest",
    env: "SLIPWAY_VERIFY_BASE",
    helpGroup: "SUPPLY CHAIN",
  }),
  sign: Flags.boolean({
    description: "sign the pushed image with cosign, which has to be on the PATH",
    env: "SLIPWAY_SIGN",
    helpGroup: "SUPPLY CHAIN",
  }),
  "sign-key": Flags.string({
    description: "sign with this key, as cosign's --key: a file, a KMS, k8s://NAMESPACE/SECRET",
    env: "SLIPWAY_SIGN_KEY",
    helpGroup: "SUPPLY CHAIN",
    helpValue: "KEY",
  }),
  "sign-log": Flags.option({ options: ["upload", "none"] as const })({
    description: "whether signatures go to a public log, where they stay for good; none needs a key",
    env: "SLIPWAY_SIGN_LOG",
    helpGroup: "SUPPLY CHAIN",
  }),
};
