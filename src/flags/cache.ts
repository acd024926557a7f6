/** What a build keeps for the next one. */
import { Flags } from "@oclif/core";

export const cacheFlags = {
  "cache-volume": Flags.string({
    description: "keep the builder's state on this volume of the namespace; made when it is not there (--volume-size)",
    env: "SLIPWAY_CACHE_VOLUME",
    helpGroup: "BUILDER",
    helpValue: "NAME",
  }),
};
