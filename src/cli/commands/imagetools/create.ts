import { whyNot } from "../../../lib/files/read-file.ts";
import { readNamedFile } from "../../../lib/files/regular-file.ts";
import { Flags } from "@oclif/core";
import { BaseCommand } from "../../base-command.ts";
import { EXIT_CODES, repeatable } from "../../flags/shared.ts";
import { registryFlags } from "../../flags/registry.ts";
import { InvalidInput } from "../../../errors.ts";
import { print, printError } from "../../../lib/terminal/output.ts";

export default class ImagetoolsCreate extends BaseCommand {
  static override summary = "Make an image from images that are already in a registry";
  static override description = `Each SOURCE is the name of an image or an index, a digest, or a descriptor in JSON. From several, slipway makes one index: of images
for different platforms, an image for all of them. From one, it makes a copy. Attestations and signatures are copied as well.

No cluster is used. Layers that a registry lacks pass through this machine.

${EXIT_CODES}`;
  static override examples = [
    "<%= config.bin %> imagetools create -t registry.example.com/team/app:1.0 registry.example.com/team/app:1.0-amd64 registry.example.com/team/app:1.0-arm64",
    "<%= config.bin %> imagetools create -t registry.example.com/team/app:1.0 --append registry.example.com/team/app:1.0-riscv64",
    "<%= config.bin %> imagetools create --dry-run registry.example.com/team/app:1.0",
  ];
  static override hiddenAliases = ["buildx:imagetools:create"];
  static override usage = "imagetools create [OPTIONS] [SOURCE...]";
  static override strict = false;
  static override flags = {
    annotation: repeatable({
      description: "annotate the index (index:KEY=VALUE) or its descriptors (manifest-descriptor[PLATFORM]:KEY=VALUE)",
      helpValue: "TYPE:KEY=VALUE",
    }),
    append: Flags.boolean({ description: "add the sources to the image that the first tag has" }),
    "dry-run": Flags.boolean({ description: "print the image's manifest or index, and push nothing" }),
    file: repeatable({ char: "f", description: "read a source from this file", helpValue: "FILE" }),
    "metadata-file": Flags.string({ description: "write the new image's descriptor to this file", helpValue: "FILE" }),
    platform: repeatable({
      char: "p",
      description: "keep only these platforms; may be repeated",
      helpValue: "OS/ARCH[/VARIANT]",
    }),
    "prefer-index": Flags.boolean({
      description: "make an index also of one image; with --no-prefer-index it is copied as it is",
      default: true,
      allowNo: true,
    }),
    progress: Flags.string({
      description: "what is printed on standard error while images are copied",
      options: ["auto", "none", "plain", "quiet", "tty"],
      default: "auto",
    }),
    tag: repeatable({ char: "t", description: "name of the new image", helpValue: "REGISTRY/NAME[:TAG]" }),
    // Of buildx, which has several builders.
    builder: Flags.string({ hidden: true }),
    ...registryFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(ImagetoolsCreate);
    const { tag: tags, "dry-run": isDry, append, progress } = flags;
    if (argv.length === 0 && flags.file.length === 0) {
      throw new InvalidInput("no sources specified", {
        docker: "refuses",
        suggestions: ["Name the images: slipway imagetools create -t REGISTRY/NAME:TAG SOURCE…"],
      });
    }
    if (tags.length === 0 && !isDry) {
      throw new InvalidInput("can't push with no tags specified, please set --tag or --dry-run", {
        docker: "refuses",
        suggestions: [],
      });
    }
    const [{ ImageCreation }, { readAnnotations }] = await Promise.all([
      import("../../../app/imagetools/create-image.ts"),
      import("../../../plan/docker/index-annotations.ts"),
    ]);
    const annotations = readAnnotations(flags.annotation);
    const files = await Promise.all(flags.file.map(readSourceFile));
    const sources = [...files, ...argv.map(String)];
    const request = {
      sources,
      tags,
      annotations,
      append,
      preferIndex: flags["prefer-index"],
      platforms: flags.platform,
    };
    const creation = await ImageCreation.plan({ ...request, registry: this.registry }, flags, this.signal);
    const { text, descriptor, repositories, dropsAnnotations } = creation.image;
    if (dropsAnnotations)
      printError("WARNING: annotations are left out: all images are of Docker's format, whose index has none\n");
    if (isDry) {
      print(`${text}\n`);
      return;
    }
    const isQuiet = progress === "none" || progress === "quiet";
    await creation.push((line) => {
      if (!isQuiet) printError(`${line}\n`);
    });
    if (flags["metadata-file"] === undefined) return;
    const { writeImageMetadata } = await import("../../print/metadata.ts");
    writeImageMetadata(flags["metadata-file"], descriptor, repositories);
  }
}

async function readSourceFile(file: string): Promise<string> {
  try {
    return (await readNamedFile(file)).toString();
  } catch (error) {
    throw new InvalidInput(`--file ${file} ${whyNot(error)}`, {
      docker: "refuses",
      cause: error,
    });
  }
}
