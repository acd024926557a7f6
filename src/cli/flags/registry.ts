/** How a command connects to registries. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { repeatable } from "./shared.ts";
import type { BuildRequest } from "../../plan/request.ts";

export const registryFlags = {
  "insecure-registry": repeatable({
    description: "allow plain http, or https without verification, to this registry; may be repeated",
    helpGroup: "REGISTRY",
    helpValue: "HOST[:PORT]",
  }),
  "registry-ca": Flags.string({
    description: "trust the certificates in this file when connecting to registries",
    env: "SLIPWAY_REGISTRY_CA",
    helpGroup: "REGISTRY",
    helpValue: "FILE",
  }),
};

export function registryRequest(
  flags: Interfaces.InferredFlags<typeof registryFlags>,
): Pick<BuildRequest, "insecureRegistries" | "registryCa"> {
  return omitUndefined({ insecureRegistries: flags["insecure-registry"], registryCa: flags["registry-ca"] });
}
