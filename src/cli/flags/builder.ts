/** Which builder builds, and what it keeps for the next build. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import type { BuildRequest } from "../../plan/request.ts";

export const builderFlags = {
  builder: Flags.string({
    default: "auto",
    description:
      "builder that runs in the pod: auto (kaniko, or the next one that can do this build), kaniko, buildkit, buildah, img, makisu",
    env: "SLIPWAY_BUILDER",
    helpGroup: "BUILDER",
  }),
  "builder-image": Flags.string({
    description: "image of the builder",
    env: "SLIPWAY_BUILDER_IMAGE",
    helpGroup: "BUILDER",
    helpValue: "IMAGE",
  }),
  "helper-image": Flags.string({
    default: "busybox:stable",
    description: "image with a shell, tar and nc that receives a streamed context",
    env: "SLIPWAY_HELPER_IMAGE",
    helpGroup: "BUILDER",
    helpValue: "IMAGE",
  }),
};

export const cacheVolumeFlags = {
  cache: Flags.string({
    description: "keep layers in the registry for the next build: beside the image, or at REF",
    env: "SLIPWAY_CACHE",
    helpGroup: "BUILDER",
    helpValue: "[=REF]",
  }),
  "cache-volume": Flags.string({
    description:
      "keep the builder's cache on this volume of the namespace; created if it does not exist (--volume-size)",
    env: "SLIPWAY_CACHE_VOLUME",
    helpGroup: "BUILDER",
    helpValue: "NAME",
  }),
};

export function builderRequest(
  flags: Interfaces.InferredFlags<typeof builderFlags>,
): Pick<BuildRequest, "builder" | "builderImage" | "helperImage"> {
  return omitUndefined({
    builder: flags.builder,
    builderImage: flags["builder-image"],
    helperImage: flags["helper-image"],
  });
}

export function cacheVolumeRequest(
  flags: Interfaces.InferredFlags<typeof cacheVolumeFlags>,
): Pick<BuildRequest, "cache" | "cacheVolume"> {
  return omitUndefined({ cache: flags.cache, cacheVolume: flags["cache-volume"] });
}

/** The flags, with kaniko if no builder is named and an image is: that image is the first builder's. @param metadata of oclif's parser */
export function withImpliedBuilder<
  F extends {
    readonly keep?: string | undefined;
    readonly builder: string;
    readonly "builder-image"?: string | undefined;
  },
>(
  flags: F,
  metadata: { readonly flags: { readonly [name: string]: { readonly setFromDefault?: boolean } | undefined } },
): F {
  const isUnnamed = metadata.flags["builder"]?.setFromDefault === true;
  const isOfKaniko = flags["builder-image"] !== undefined && flags.keep === undefined;
  return isUnnamed && isOfKaniko ? { ...flags, builder: "kaniko" } : flags;
}
