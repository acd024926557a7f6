/** Which credentials a build uses. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { repeatable } from "./shared.ts";
import type { BuildRequest } from "../../plan/request.ts";

/** For every command that logs in to registries from the cluster. */
export const credentialFlags = {
  "registry-secret": Flags.string({
    description: "log in to registries with this Secret of the namespace instead of your docker config",
    env: "SLIPWAY_REGISTRY_SECRET",
    helpGroup: "REGISTRY",
    helpValue: "NAME",
  }),
  "service-account": Flags.string({
    description: "run the builder's pod as this ServiceAccount (workload identity); no credentials of yours are sent",
    env: "SLIPWAY_SERVICE_ACCOUNT",
    helpGroup: "REGISTRY",
    helpValue: "NAME",
  }),
  "no-credentials": Flags.boolean({
    description: "use none of your credentials for registries and git, neither on this machine nor in the cluster",
    helpGroup: "REGISTRY",
  }),
};

/** For commands that push. */
export const tokenFlags = {
  "registry-tokens": Flags.boolean({
    description: "send short-lived tokens for the build's repositories instead of your passwords",
    env: "SLIPWAY_REGISTRY_TOKENS",
    helpGroup: "REGISTRY",
  }),
};

/** For builds whose context the builder clones, so that the Dockerfile is not read on this machine. */
export const baseRegistryFlags = {
  "base-registry": repeatable({
    description: "also send credentials for this registry (base images of --git-in-cluster builds); may be repeated",
    helpGroup: "REGISTRY",
    helpValue: "HOST[:PORT]",
  }),
};

export function credentialRequest(
  flags: Interfaces.InferredFlags<typeof credentialFlags>,
): Pick<BuildRequest, "registrySecret" | "serviceAccount" | "noCredentials"> {
  return omitUndefined({
    registrySecret: flags["registry-secret"],
    serviceAccount: flags["service-account"],
    noCredentials: flags["no-credentials"],
  });
}

export function buildCredentialRequest(
  flags: Interfaces.InferredFlags<typeof credentialFlags & typeof tokenFlags & typeof baseRegistryFlags>,
): Pick<BuildRequest, "registrySecret" | "serviceAccount" | "noCredentials" | "registryTokens" | "baseRegistries"> {
  return {
    ...credentialRequest(flags),
    registryTokens: flags["registry-tokens"],
    baseRegistries: flags["base-registry"],
  };
}
