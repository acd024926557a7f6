import { Args, Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand, SHARED_SETTINGS } from "../base-command.ts";
import { clusterFlags, repeatable } from "../flags/shared.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { AUTO } from "../../plan/transports.ts";
import { InvalidInput } from "../../errors.ts";
import { volumeFlags, volumeRequest } from "../flags/context.ts";
import { credentialFlags, credentialRequest } from "../flags/credentials.ts";
import { registryFlags, registryRequest } from "../flags/registry.ts";
import { print, printError } from "../../lib/terminal/output.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export default class Warm extends BaseCommand {
  static override summary = "Fetch base images onto a volume, so that kaniko builds read them from there";
  static override description = `Runs kaniko's warmer in the cluster. A build with the same --cache-volume asks the registry only for the digest behind a
tag, and reads the image itself from the volume. Prints each image that is on the volume, and its progress on standard
error.`;
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
    file: repeatable({
      char: "f",
      description: "fetch the base images of this Dockerfile; may be repeated",
      helpValue: "PATH",
    }),
    "build-arg": repeatable({
      description: "value of an ARG that a FROM of -f uses; may be repeated",
      helpValue: "KEY[=VALUE]",
    }),
    target: Flags.string({ description: "only the images that this stage of -f needs", helpValue: "STAGE" }),
    platform: Flags.string({ description: "platform of the images (default: the node's)", helpValue: "OS/ARCH" }),
    force: Flags.boolean({ description: "also fetch images that are already on the volume" }),
    "cache-volume": Flags.string({
      default: "slipway-base-images",
      description: "name of the volume; created if it does not exist",
      env: "SLIPWAY_CACHE_VOLUME",
      helpValue: "NAME",
    }),
    ...volumeFlags,
    "warmer-image": Flags.string({
      default: "ghcr.io/osscontainertools/kaniko:v1.28.3-warmer",
      description: "image of kaniko's warmer, in the same version as the builder's",
      env: "SLIPWAY_KANIKO_WARMER_IMAGE",
      helpValue: "IMAGE",
    }),
    timeout: Flags.string({ default: "30m", description: "stop after this time", env: "SLIPWAY_TIMEOUT" }),
    ...credentialFlags,
    ...registryFlags,
    ...clusterFlags,
  };

  protected override readonly settable = [
    ...SHARED_SETTINGS,
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
        suggestions: ["For example: `slipway warm debian:bookworm`, or `slipway warm -f Dockerfile`."],
      });
    }
    const { warm } = await import("../../app/warm/warm.ts");
    const say = (line: string): void => printError(`${line}\n`);
    const { file: files, target, force } = flags;
    const request = { images, files, force, ...omitUndefined({ target }), build: requestOf(flags) };
    const warmed = await this.interruptible(() => warm(request, flags, say, this.signal));
    if (warmed.length === 0) say("there is no base image to fetch");
    for (const image of warmed) print(`${image.toFamiliarString()}\n`);
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
    transport: AUTO,
    cacheVolume: flags["cache-volume"],
    ...volumeRequest(flags),
    timeout: flags.timeout,
    ttl: "10s",
    ...credentialRequest(flags),
    ...registryRequest(flags),
    docker: flags.platform === undefined ? {} : { platform: [flags.platform] },
  };
}
