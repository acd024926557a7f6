/** How registries are spoken to. */
import { Flags } from "@oclif/core";

/** An empty list is no default a person need read of. */
const noDefault = async (): Promise<undefined> => undefined;

export const registryFlags = {
  "insecure-registry": Flags.string({
    description: "allow plain http, or https without verification, to this registry",
    helpGroup: "REGISTRY",
    helpValue: "HOST[:PORT]",
    multiple: true,
    multipleNonGreedy: true,
    default: [],
    defaultHelp: noDefault,
  }),
  "registry-ca": Flags.string({
    description: "trust the certificates in this file when talking to registries",
    env: "SLIPWAY_REGISTRY_CA",
    helpGroup: "REGISTRY",
    helpValue: "FILE",
  }),
};
