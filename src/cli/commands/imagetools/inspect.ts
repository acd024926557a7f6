import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../../base-command.ts";
import { EXIT_CODES } from "../../flags/shared.ts";
import { registryFlags } from "../../flags/registry.ts";
import { print, printBytes } from "../../../lib/terminal/output.ts";

export default class ImagetoolsInspect extends BaseCommand {
  static override summary = "Show an image or an index that is in a registry";
  static override description = `Prints the digest, and for an index each image in it. No cluster is used, and no layer is fetched.

${EXIT_CODES}`;
  static override examples = [
    "<%= config.bin %> imagetools inspect registry.example.com/team/app:1.0",
    "<%= config.bin %> imagetools inspect --raw registry.example.com/team/app:1.0",
    "<%= config.bin %> imagetools inspect --format '{{json .Provenance}}' registry.example.com/team/app:1.0",
  ];
  static override hiddenAliases = ["buildx:imagetools:inspect"];
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: "REGISTRY/NAME[:TAG|@DIGEST]" }),
  };
  static override flags = {
    format: Flags.string({
      description:
        "a template such as '{{.Manifest.Digest}}' or '{{json .Image}}'; fields: Name, Manifest, Image, Provenance, SBOM",
      helpValue: "TEMPLATE",
    }),
    raw: Flags.boolean({ description: "print the manifest as the registry has it" }),
    // Of buildx, which has several builders.
    builder: Flags.string({ hidden: true }),
    ...registryFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ImagetoolsInspect);
    const { InspectedImage } = await import("../../../app/imagetools/inspect-image.ts");
    const image = await InspectedImage.find(args.name, this.registry, flags, this.signal);
    if (flags.raw) printBytes(Buffer.from(image.raw));
    else print(flags.format === undefined ? image.summary : await image.format(flags.format));
  }
}
