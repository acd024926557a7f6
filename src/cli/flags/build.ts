/** All flags of `build`. */
import { Flags } from "@oclif/core";
import { InvalidInput } from "../../errors.ts";
import { clusterFlags } from "./shared.ts";
import { dockerFlags } from "./docker.ts";
import { PROGRESS_MODES } from "../ui/progress.ts";
import { contextFlags } from "./context.ts";
import { credentialFlags } from "./credentials.ts";
import { registryFlags } from "./registry.ts";
import { podFlags } from "./pod.ts";

// What a build keeps for the next one.

export const cacheFlags = {
  keep: Flags.string({
    description: "build in a BuildKit of your own that stays so long after its last build; `slipway keep` lists them",
    env: "SLIPWAY_KEEP",
    helpGroup: "BUILDER",
    helpValue: "DURATION",
  }),
  "cache-volume": Flags.string({
    description: "keep the builder's state on this volume of the namespace; made when it is not there (--volume-size)",
    env: "SLIPWAY_CACHE_VOLUME",
    helpGroup: "BUILDER",
    helpValue: "NAME",
  }),
};

// Flags of `build` for leaving it to the cluster.

export const detachFlags = {
  detach: Flags.boolean({
    char: "d",
    description: "print the build's name and leave as soon as it can do without this client",
    helpGroup: "CLUSTER",
  }),
  "detach-on-interrupt": Flags.boolean({
    description: "Ctrl-C leaves the build to the cluster instead of stopping it",
    env: "SLIPWAY_DETACH_ON_INTERRUPT",
    helpGroup: "CLUSTER",
  }),
};

/** @throws InvalidInput when something of the build is left to do for a client that will be gone. */
export function checkDetached(outputs: readonly string[], staysForSeal: boolean, keep: string | undefined): void {
  if (keep !== undefined) {
    throw new InvalidInput(
      "--detach leaves the build to the cluster, and a build in a kept builder ends with its client",
      {
        suggestions: ["Leave out --detach or --keep."],
      },
    );
  }
  if (outputs.some((text) => !/^type=(?:registry|image|cacheonly)\b/.test(text))) {
    throw new InvalidInput("--detach leaves the build to the cluster, and nobody would be here to take its --output", {
      suggestions: ["Leave --detach out, or push with -t REGISTRY/NAME."],
    });
  }
  if (!staysForSeal) return;
  throw new InvalidInput(
    "--detach leaves the build to the cluster, and nobody would be here to attach provenance or an SBOM, or to sign",
    {
      suggestions: ["Leave --detach out, or --provenance, --sbom, --attest and --sign."],
    },
  );
}

// The flags of a build whose context the builder fetches itself.

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

// What a build may connect to.

export const networkFlags = {
  "network-policy": Flags.boolean({
    description: "let the build connect to DNS, its registries and --egress alone, by a NetworkPolicy of its own",
    env: "SLIPWAY_NETWORK_POLICY",
    helpGroup: "CLUSTER",
  }),
  egress: Flags.string({
    description: "for --network-policy: also allow any, an address or a range; may be repeated",
    helpGroup: "CLUSTER",
    helpValue: "ADDRESS[/BITS][:PORT]",
    multiple: true,
    multipleNonGreedy: true,
    default: [],
    defaultHelp: async (): Promise<undefined> => undefined,
  }),
};

// What an image is made of, and who says so.

export const supplyChainFlags = {
  "verify-base": Flags.boolean({
    description: "refuse to build on an image that the Dockerfile does not name by its digest",
    env: "SLIPWAY_VERIFY_BASE",
    helpGroup: "SUPPLY CHAIN",
  }),
  sign: Flags.boolean({
    description: "sign the pushed image with cosign, which has to be on the PATH",
    env: "SLIPWAY_SIGN",
    helpGroup: "SUPPLY CHAIN",
  }),
  "sign-key": Flags.string({
    description: "sign with this key, as cosign's --key: a file, a KMS, k8s://NAMESPACE/SECRET",
    env: "SLIPWAY_SIGN_KEY",
    helpGroup: "SUPPLY CHAIN",
    helpValue: "KEY",
  }),
  "sign-log": Flags.option({ options: ["upload", "none"] as const })({
    description: "whether signatures go to a public log, where they stay for good; none needs a key",
    env: "SLIPWAY_SIGN_LOG",
    helpGroup: "SUPPLY CHAIN",
  }),
};

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
