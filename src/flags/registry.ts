/** How registries are spoken to, where no cluster is. */
import { Flags } from "@oclif/core";

/** An empty list is no default a person need read of. */
const noDefault = async (): Promise<undefined> => undefined;

export const registryFlags = {
  "insecure-registry": Flags.string({
    description: "allow plain http, or https without verification, to this registry",
    helpValue: "HOST[:PORT]",
    multiple: true,
    multipleNonGreedy: true,
    default: [],
    defaultHelp: noDefault,
  }),
  "registry-ca": Flags.string({
    description: "trust the certificates in this file",
    env: "SLIPWAY_REGISTRY_CA",
    helpValue: "FILE",
  }),
};
