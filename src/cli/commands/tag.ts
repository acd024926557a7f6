import { Args } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { EXIT_CODES } from "../flags/shared.ts";
import { InvalidInput } from "../../errors.ts";
import { registryFlags } from "../flags/registry.ts";

export default class Tag extends BaseCommand {
  static override summary = "Give an image in a registry another name";
  static override description = `Copies the image SOURCE to the name TARGET, in the registry of that name. Blobs that the registry already has are not sent
again: within one registry only the manifest is sent, and between registries the layers pass through this machine.

${EXIT_CODES}`;
  static override examples = [
    "<%= config.bin %> tag registry.example.com/team/app:1.0 registry.example.com/team/app:stable",
    "<%= config.bin %> tag registry.example.com/ci/app:1.0 registry.example.com/prod/app:1.0",
  ];
  static override hiddenAliases = ["image:tag"];
  static override args = {
    source: Args.string({ required: true, ignoreStdin: true, description: "REGISTRY/NAME[:TAG|@DIGEST]" }),
    target: Args.string({ required: true, ignoreStdin: true, description: "REGISTRY/NAME[:TAG]" }),
  };
  static override flags = { ...registryFlags };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Tag);
    const { imageNamed, retag } = await import("../../app/push-and-tag.ts");
    const source = imageNamed(args.source, this.registry);
    const target = imageNamed(args.target, this.registry);
    if (target.digest !== undefined) {
      throw new InvalidInput("refusing to create a tag with a digest reference", {
        suggestions: ["Name a tag: REGISTRY/NAME:TAG."],
      });
    }
    await retag(source, target, flags, this.signal);
  }
}
