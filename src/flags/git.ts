/** The flags of a build whose context the builder fetches itself. */
import { Flags } from "@oclif/core";

export const gitFlags = {
  "git-in-cluster": Flags.boolean({
    description: "PATH is a repository, and the builder clones it: nothing is cloned or packed here",
    env: "SLIPWAY_GIT_IN_CLUSTER",
    helpGroup: "CONTEXT",
  }),
  "base-registry": Flags.string({
    description: "also log in to this registry, which the Dockerfile of a --git-in-cluster may name; may be repeated",
    helpGroup: "REGISTRY",
    helpValue: "HOST[:PORT]",
    multiple: true,
    multipleNonGreedy: true,
    default: [],
    defaultHelp: async (): Promise<undefined> => undefined,
  }),
};
