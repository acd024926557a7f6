import { Args, Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand, SHARED } from "../base-command.ts";
import { clusterFlags, many } from "../flags/shared.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { Interrupted, InvalidInput } from "../../errors.ts";
import { credentialFlags } from "../flags/credentials.ts";
import { registryFlags } from "../flags/registry.ts";

/** It only reads, and its Secret is gone when it has: there is no more to be had from tokens. */
const { "registry-tokens": _, ...logins } = credentialFlags;

export default class Warm extends BaseCommand {
  static override summary = "Fetch base images onto a volume that kaniko builds then read them from";
  static override description = `Runs kaniko's warmer in the cluster. A build with --cache-volume of the same name asks the registry only which image
a tag means, and reads the image itself from the volume. Prints each image that is on the volume, and says on standard
error what it does.`;
  static override examples = [
    "<%= config.bin %> warm debian:bookworm node:24",
    "<%= config.bin %> warm -f services/api/Dockerfile -f services/web/Dockerfile",
    "<%= config.bin %> build --cache-volume slipway-base-images -t registry.example.com/app .",
  ];
  static override strict = false;
  static override args = {
    image: Args.string({ ignoreStdin: true, description: "name of an image; may be repeated" }),
  };
  static override flags = {
    file: many({ char: "f", description: "the base images of this Dockerfile; may be repeated", helpValue: "PATH" }),
    "build-arg": many({ description: "value of an ARG that a FROM of -f uses", helpValue: "KEY[=VALUE]" }),
    target: Flags.string({ description: "only what this stage of -f needs", helpValue: "STAGE" }),
    platform: Flags.string({ description: "of which platform (default: the node's)", helpValue: "OS/ARCH" }),
    force: Flags.boolean({ description: "fetch what is on the volume already, too" }),
    "cache-volume": Flags.string({
      default: "slipway-base-images",
      description: "the volume; made when it is not there",
      env: "SLIPWAY_CACHE_VOLUME",
      helpValue: "NAME",
    }),
    "volume-size": Flags.string({ default: "10Gi", description: "its size", env: "SLIPWAY_VOLUME_SIZE" }),
    "storage-class": Flags.string({
      description: "its storage class (default: the cluster's)",
      env: "SLIPWAY_STORAGE_CLASS",
    }),
    "warmer-image": Flags.string({
      default: "ghcr.io/osscontainertools/kaniko:v1.28.3-warmer",
      description: "image of kaniko's warmer, of the same version as the builder's",
      env: "SLIPWAY_KANIKO_WARMER_IMAGE",
      helpValue: "IMAGE",
    }),
    timeout: Flags.string({ default: "30m", description: "it may take this long", env: "SLIPWAY_TIMEOUT" }),
    ...logins,
    ...registryFlags,
    ...clusterFlags,
  };

  protected override readonly settable = [
    ...SHARED,
    "build-arg",
    "platform",
    "cache-volume",
    "volume-size",
    "storage-class",
    "timeout",
    "registry-secret",
    "service-account",
    "no-credentials",
  ];

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Warm);
    const images = argv.map(String);
    if (images.length === 0 && flags.file.length === 0) {
      throw new InvalidInput("name at least one image, or a Dockerfile with -f", {
        suggestions: ["For example: slipway warm debian:bookworm, or slipway warm -f Dockerfile."],
      });
    }
    const { warm } = await import("../../app/warm/warm.ts");
    const say = (line: string): void => void process.stderr.write(`${line}\n`);
    const { file: files, target, force } = flags;
    const request = { images, files, force, ...(target === undefined ? {} : { target }), build: requestOf(flags) };
    try {
      const warmed = await warm(request, flags, say, this.signal);
      if (warmed.length === 0) say("there is no base image to fetch");
      for (const image of warmed) process.stdout.write(`${image.toFamiliarString()}\n`);
    } catch (error) {
      if (this.signal.aborted && this.signal.reason instanceof Interrupted) throw this.signal.reason;
      throw error;
    }
  }
}

function requestOf(flags: Interfaces.InferredFlags<typeof Warm.flags>): BuildRequest {
  return {
    path: ".",
    tags: [],
    buildArgs: flags["build-arg"],
    labels: [],
    noCache: false,
    builder: "kaniko",
    builderImage: flags["warmer-image"],
    helperImage: "none",
    transport: "configmap",
    cacheVolume: flags["cache-volume"],
    volumeSize: flags["volume-size"],
    ...(flags["storage-class"] === undefined ? {} : { storageClass: flags["storage-class"] }),
    timeout: flags.timeout,
    ttl: "10s",
    ...(flags["registry-secret"] === undefined ? {} : { registrySecret: flags["registry-secret"] }),
    ...(flags["service-account"] === undefined ? {} : { serviceAccount: flags["service-account"] }),
    noCredentials: flags["no-credentials"],
    insecureRegistries: flags["insecure-registry"],
    ...(flags["registry-ca"] === undefined ? {} : { registryCa: flags["registry-ca"] }),
    docker: flags.platform === undefined ? {} : { platform: [flags.platform] },
  };
}
