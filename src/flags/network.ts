/** What a build may connect to. */
import { Flags } from "@oclif/core";

export const networkFlags = {
  "network-policy": Flags.boolean({
    description: "let the build connect to DNS, its registries and --egress alone, by a NetworkPolicy of its own",
    env: "SLIPWAY_NETWORK_POLICY",
    helpGroup: "CLUSTER",
  }),
  egress: Flags.string({
    description: "for --network-policy: also allow any, an address or a range; may be repeated",
    helpGroup: "CLUSTER",
    helpValue: "ADDRESS[/BITS][:PORT]",
    multiple: true,
    multipleNonGreedy: true,
    default: [],
    defaultHelp: async (): Promise<undefined> => undefined,
  }),
};
