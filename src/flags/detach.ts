/** Flags of `build` for leaving it to the cluster. */
import { Flags } from "@oclif/core";

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
