/** What a build may connect to. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { repeatable } from "./shared.ts";
import type { BuildRequest } from "../../plan/request.ts";

export const networkFlags = {
  "network-policy": Flags.boolean({
    description: "create a NetworkPolicy that lets the build connect only to DNS, its registries and --egress",
    env: "SLIPWAY_NETWORK_POLICY",
    helpGroup: "CLUSTER",
  }),
  egress: repeatable({
    description: "for --network-policy: also allow `any`, an address or a range; may be repeated",
    helpGroup: "CLUSTER",
    helpValue: "ADDRESS[/BITS][:PORT]",
  }),
};

export function networkRequest(
  flags: Interfaces.InferredFlags<typeof networkFlags>,
): Pick<BuildRequest, "networkPolicy" | "egress"> {
  return { networkPolicy: flags["network-policy"], egress: flags.egress };
}
