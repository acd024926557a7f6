/** How the context of a build is chosen, and how it travels to the cluster. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { repeatable } from "./shared.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { AUTO, TRANSPORTS, claimingTransports } from "../../plan/transports.ts";

/** For every command whose pod has a volume of its own. */
export const volumeFlags = {
  "volume-size": Flags.string({
    default: "10Gi",
    description: `size of a volume that the command creates (--transport ${claimingTransports()}, --cache-volume)`,
    env: "SLIPWAY_VOLUME_SIZE",
    helpGroup: "CONTEXT",
  }),
  "storage-class": Flags.string({
    description: "storage class of that volume (default: the cluster's)",
    env: "SLIPWAY_STORAGE_CLASS",
    helpGroup: "CONTEXT",
  }),
};

/** For every command that sends a context, or tries how it would. */
export const transportFlags = {
  transport: Flags.string({
    default: AUTO,
    description: `how the context travels: ${[AUTO, ...TRANSPORTS.slice(0, -1)].join(", ")} or ${TRANSPORTS.at(-1)}`,
    env: "SLIPWAY_TRANSPORT",
    helpGroup: "CONTEXT",
  }),
  ...volumeFlags,
};

/** For every command that decides what is sent. */
export const sendFlags = {
  "send-all": Flags.boolean({
    description: "also send files that no COPY or ADD of the Dockerfile can reach",
    env: "SLIPWAY_SEND_ALL",
    helpGroup: "CONTEXT",
  }),
};

/** For every command that opens a context. */
export const sourceFlags = {
  "submodule-credentials": repeatable({
    description: `let submodules at this host, or of this owner there, use your git credentials; without it, only those of the
repository's own host and owner do; may be repeated`,
    helpGroup: "CONTEXT",
    helpValue: "HOST[/OWNER]",
  }),
};

export const contextFlags = {
  ...transportFlags,
  ...sendFlags,
  ...sourceFlags,
  reproducible: Flags.boolean({
    description: "send the same bytes for the same files, with no time later than SOURCE_DATE_EPOCH (default: 1970)",
    env: "SLIPWAY_REPRODUCIBLE",
    helpGroup: "CONTEXT",
  }),
  "cache-name": Flags.string({
    description:
      "for --transport cache: name of the project (default: the image's name, or else the context's path or URL)",
    env: "SLIPWAY_CACHE_NAME",
    helpGroup: "CONTEXT",
    helpValue: "NAME",
  }),
  "context-warning": Flags.string({
    default: "100m",
    description: "warn when the context is larger than this, and list its largest parts; 0: never",
    env: "SLIPWAY_CONTEXT_WARNING",
    helpGroup: "CONTEXT",
    helpValue: "SIZE",
  }),
  "git-in-cluster": Flags.boolean({
    description: "PATH is a repository, and the builder clones it: nothing is cloned or packed on this machine",
    env: "SLIPWAY_GIT_IN_CLUSTER",
    helpGroup: "CONTEXT",
  }),
};

export function volumeRequest(
  flags: Interfaces.InferredFlags<typeof volumeFlags>,
): Pick<BuildRequest, "volumeSize" | "storageClass"> {
  return omitUndefined({ volumeSize: flags["volume-size"], storageClass: flags["storage-class"] });
}

export function transportRequest(
  flags: Interfaces.InferredFlags<typeof transportFlags>,
): Pick<BuildRequest, "transport" | "volumeSize" | "storageClass"> {
  return { transport: flags.transport, ...volumeRequest(flags) };
}

export function contextRequest(
  flags: Interfaces.InferredFlags<typeof contextFlags>,
): Pick<
  BuildRequest,
  | "transport"
  | "volumeSize"
  | "storageClass"
  | "sendAll"
  | "reproducible"
  | "cacheName"
  | "contextWarning"
  | "submoduleCredentials"
  | "gitInCluster"
> {
  return omitUndefined({
    ...transportRequest(flags),
    sendAll: flags["send-all"],
    reproducible: flags.reproducible,
    cacheName: flags["cache-name"],
    contextWarning: flags["context-warning"],
    gitInCluster: flags["git-in-cluster"],
    submoduleCredentials: flags["submodule-credentials"],
  });
}
