/** The flags of a command that sends a context. */
import { Flags } from "@oclif/core";

export const contextFlags = {
  transport: Flags.string({
    default: "auto",
    description: "how the context travels: auto, configmap, stream, pvc or cache",
    env: "SLIPWAY_TRANSPORT",
    helpGroup: "CONTEXT",
  }),
  "volume-size": Flags.string({
    default: "10Gi",
    description: "for --transport pvc or cache: size of the volume",
    env: "SLIPWAY_VOLUME_SIZE",
    helpGroup: "CONTEXT",
  }),
  "storage-class": Flags.string({
    description: "for --transport pvc or cache: its storage class (default: the cluster's)",
    env: "SLIPWAY_STORAGE_CLASS",
    helpGroup: "CONTEXT",
  }),
  reproducible: Flags.boolean({
    description: "send the same files as the same bytes, no time later than SOURCE_DATE_EPOCH (default: 1970)",
    env: "SLIPWAY_REPRODUCIBLE",
    helpGroup: "CONTEXT",
  }),
  "cache-name": Flags.string({
    description: "for --transport cache: the project (default: the image's name, or else the context's path)",
    env: "SLIPWAY_CACHE_NAME",
    helpGroup: "CONTEXT",
    helpValue: "NAME",
  }),
  "context-warning": Flags.string({
    default: "100m",
    description: "say where the weight is when the context is larger than this; 0: never",
    env: "SLIPWAY_CONTEXT_WARNING",
    helpGroup: "CONTEXT",
    helpValue: "SIZE",
  }),
  "send-all": Flags.boolean({
    description: "send what no COPY or ADD reaches, too",
    env: "SLIPWAY_SEND_ALL",
    helpGroup: "CONTEXT",
  }),
};
