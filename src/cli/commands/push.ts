import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { EXIT_CODES } from "../flags/shared.ts";
import { InvalidInput } from "../../errors.ts";
import { registryFlags } from "../flags/registry.ts";
import { print } from "../../lib/terminal/output.ts";

export default class Push extends BaseCommand {
  static override summary = "Check that an image is in its registry (`build` pushes it)";
  static override description = `For scripts that build and then push. \`slipway build\` has already pushed the image, so this command only asks the registry
for it, with your credentials, and prints what docker prints at the end of a push.

${EXIT_CODES}`;
  static override examples = ["<%= config.bin %> push registry.example.com/team/app:1.0"];
  static override hiddenAliases = ["image:push"];
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: "REGISTRY/NAME[:TAG]" }),
  };
  static override flags = {
    "all-tags": Flags.boolean({ char: "a", description: "check every tag of the repository" }),
    quiet: Flags.boolean({ char: "q", description: "print only the image's name" }),
    // Docker's flag. It has no meaning without an engine.
    "disable-content-trust": Flags.boolean({ hidden: true, allowNo: false }),
    ...registryFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Push);
    const { hasVersion, imageNamed, verifyPushed } = await import("../../app/push-and-tag.ts");
    const reference = imageNamed(args.name, this.registry);
    const tagged = hasVersion(args.name);
    if (flags["all-tags"] && tagged) throw new InvalidInput("tag can't be used with --all-tags/-a");
    if (!flags.quiet) {
      if (!tagged && !flags["all-tags"]) print(`Using default tag: latest\n`);
      print(`The push refers to repository [${reference.name}]\n`);
    }
    for await (const { tag, digest, size } of verifyPushed(reference, flags["all-tags"], flags, this.signal)) {
      if (!flags.quiet) print(`${tag}: digest: ${digest} size: ${size}\n`);
    }
    if (flags.quiet) print(`${flags["all-tags"] ? reference.name : reference.toString()}\n`);
  }
}
