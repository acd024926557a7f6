/** All flags of `build`. */
import { Flags } from "@oclif/core";
import { clusterFlags } from "./without-value.ts";
import { dockerFlags } from "../docker/flags.ts";
import { PROGRESS_MODES } from "../ui/progress.ts";
import { cacheFlags } from "./cache.ts";
import { contextFlags } from "./context.ts";
import { credentialFlags } from "./credentials.ts";
import { gitFlags } from "./git.ts";
import { registryFlags } from "./registry.ts";
import { detachFlags } from "./detach.ts";
import { networkFlags } from "./network.ts";
import { podFlags } from "./pod.ts";
import { supplyChainFlags } from "./supply-chain.ts";

export const buildFlags = {
  ...dockerFlags(),
  progress: Flags.option({ options: PROGRESS_MODES, default: "auto" })({
    description: "how to show progress",
    env: "SLIPWAY_PROGRESS",
  }),
  builder: Flags.string({
    default: "kaniko",
    description: "what builds in the pod: kaniko, buildkit, buildah, img, makisu, or auto for the first that can",
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
    description: "image with a shell and tar that receives a streamed context",
    env: "SLIPWAY_HELPER_IMAGE",
    helpGroup: "BUILDER",
    helpValue: "IMAGE",
  }),
  ...contextFlags,
  ...gitFlags,
  ...cacheFlags,
  ...credentialFlags,
  ...registryFlags,
  timeout: Flags.string({
    default: "2h",
    description: "stop the build after this time, waiting included",
    env: "SLIPWAY_TIMEOUT",
    helpGroup: "CLUSTER",
  }),
  ttl: Flags.string({
    default: "1h",
    description: "keep the finished build's pod and log this long",
    env: "SLIPWAY_TTL",
    helpGroup: "CLUSTER",
  }),
  "dry-run": Flags.boolean({
    description: "print the objects that would be created, without their secrets, and create none",
    helpGroup: "CLUSTER",
  }),
  ...podFlags,
  ...networkFlags,
  ...supplyChainFlags,
  ...detachFlags,
  ...clusterFlags,
};
