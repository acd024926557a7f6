import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { HOSTS } from "../plugin/links.ts";
import { print } from "../../lib/terminal/output.ts";

export default class UninstallPlugin extends BaseCommand {
  static override summary = "Remove the link that install-plugin created";
  static override description = "Removes only a link to slipway. Other files stay as they are.";
  static override examples = ["<%= config.bin %> uninstall-plugin kubectl"];
  static override args = {
    host: Args.string({ required: true, options: [...HOSTS], description: "the program that has the plugin" }),
  };
  static override flags = {
    dir: Flags.string({ description: "the --dir of install-plugin", helpValue: "DIR" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UninstallPlugin);
    const { locatePlugin, removeLink } = await import("../plugin/links.ts");
    const host = args.host as (typeof HOSTS)[number];
    const { link, completion, program } = await locatePlugin(host, flags.dir, process.env, process.argv[1] ?? "");
    if (completion !== undefined) await removeLink(completion, program);
    print((await removeLink(link, program)) ? `removed ${link}\n` : `nothing to remove at ${link}\n`);
  }
}
