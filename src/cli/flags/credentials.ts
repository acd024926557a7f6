/** Whose credentials a build uses. */
import { Flags } from "@oclif/core";

export const credentialFlags = {
  "registry-secret": Flags.string({
    description: "log in to registries with this Secret of the namespace instead of your docker config",
    env: "SLIPWAY_REGISTRY_SECRET",
    helpGroup: "REGISTRY",
    helpValue: "NAME",
  }),
  "service-account": Flags.string({
    description: "run the builder's pod as this ServiceAccount (workload identity); nothing of yours is sent",
    env: "SLIPWAY_SERVICE_ACCOUNT",
    helpGroup: "REGISTRY",
    helpValue: "NAME",
  }),
  "registry-tokens": Flags.boolean({
    description: "send short-lived tokens for the build's repositories instead of your passwords",
    env: "SLIPWAY_REGISTRY_TOKENS",
    helpGroup: "REGISTRY",
  }),
  "no-credentials": Flags.boolean({
    description: "use no registry credentials of yours, neither here nor in the cluster",
    helpGroup: "REGISTRY",
  }),
};
