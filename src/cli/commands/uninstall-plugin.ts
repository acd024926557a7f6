import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { HOSTS } from "../plugin/links.ts";

export default class UninstallPlugin extends BaseCommand {
  static override summary = "Undo install-plugin";
  static override description = "Takes the link away that `install-plugin` made, and nothing that is not slipway's.";
  static override examples = ["<%= config.bin %> uninstall-plugin kubectl"];
  static override args = {
    host: Args.string({ required: true, options: [...HOSTS], description: "whose plugin" }),
  };
  static override flags = {
    dir: Flags.string({ description: "the folder that was named then", helpValue: "DIR" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UninstallPlugin);
    const { placeOf, removeLink } = await import("../plugin/links.ts");
    const host = args.host as (typeof HOSTS)[number];
    const { link, program } = await placeOf(host, flags.dir, process.env, process.argv[1] ?? "");
    process.stdout.write((await removeLink(link, program)) ? `removed ${link}\n` : `nothing to remove at ${link}\n`);
  }
}
