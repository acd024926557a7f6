/** All flags of `build`, and the request they make. Each group has a file: its flags, and the part of the request that they fill. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { builderFlags, builderRequest, cacheVolumeFlags, cacheVolumeRequest } from "./builder.ts";
import { contextFlags, contextRequest } from "./context.ts";
import { baseRegistryFlags, buildCredentialRequest, credentialFlags, tokenFlags } from "./credentials.ts";
import { detachFlags } from "./detach.ts";
import { dockerFlags, dockerRequest } from "./docker.ts";
import { networkFlags, networkRequest } from "./network.ts";
import { podFlags, podRequest } from "./pod.ts";
import { registryFlags, registryRequest } from "./registry.ts";
import { clusterFlags } from "./shared.ts";
import { supplyChainFlags, supplyChainRequest } from "./supply-chain.ts";
import { PROGRESS_MODES } from "../ui/progress.ts";
import type { BuildRequest } from "../../plan/request.ts";

export const progressFlags = {
  progress: Flags.option({ options: PROGRESS_MODES, default: "auto" })({
    description: "how to show progress",
    env: "SLIPWAY_PROGRESS",
  }),
};

/** How long a build lives. */
const lifetimeFlags = {
  timeout: Flags.string({
    default: "2h",
    description: "stop the build after this time, including the time it waits for a node",
    env: "SLIPWAY_TIMEOUT",
    helpGroup: "CLUSTER",
  }),
  ttl: Flags.string({
    default: "1h",
    description: "keep the finished build's pod and log for this time",
    env: "SLIPWAY_TTL",
    helpGroup: "CLUSTER",
  }),
};

export const buildFlags = {
  ...dockerFlags(),
  ...progressFlags,
  ...builderFlags,
  ...cacheVolumeFlags,
  ...contextFlags,
  ...credentialFlags,
  ...tokenFlags,
  ...baseRegistryFlags,
  ...registryFlags,
  ...clusterFlags,
  ...detachFlags,
  ...lifetimeFlags,
  "dry-run": Flags.boolean({
    description: "print the objects that would be created, without the values of Secrets, and create nothing",
    helpGroup: "CLUSTER",
  }),
  ...podFlags,
  ...networkFlags,
  ...supplyChainFlags,
};

type BuildFlags = Interfaces.InferredFlags<typeof buildFlags>;

/** @param path the positional PATH */
export function requestOf(path: string, flags: BuildFlags): BuildRequest {
  return {
    path,
    ...dockerRequest(flags),
    ...builderRequest(flags),
    ...cacheVolumeRequest(flags),
    ...contextRequest(flags),
    ...buildCredentialRequest(flags),
    ...registryRequest(flags),
    timeout: flags.timeout,
    ttl: flags.ttl,
    ...networkRequest(flags),
    ...supplyChainRequest(flags),
    pod: podRequest(flags),
    noImageId: !showsImageId(flags),
    wantsPlatform: flags["metadata-file"] !== undefined,
  };
}

/** Whether anything that is written shows the image ID: the views for people do not. */
function showsImageId(flags: BuildFlags): boolean {
  const view = flags.quiet || flags.progress === "quiet" || flags.progress === "json";
  return view || flags.iidfile !== undefined || flags["metadata-file"] !== undefined;
}
