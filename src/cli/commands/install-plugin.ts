import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { HOSTS } from "../plugin/links.ts";
import { print } from "../../lib/terminal/output.ts";

export default class InstallPlugin extends BaseCommand {
  static override summary = "Install slipway as a plugin of docker, kubectl or compose";
  static override description = `Creates a link to this program where docker, kubectl or compose looks for plugins, and prints its path. Files that are not
slipway's stay as they are. With \`compose\` slipway replaces docker's buildx: docker compose build, docker buildx build and
docker build use it. For kubectl there is a second link, by which it completes. \`uninstall-plugin\` removes the links.`;
  static override examples = [
    "<%= config.bin %> install-plugin kubectl",
    "<%= config.bin %> install-plugin docker",
    "DOCKER_CONFIG=$PWD/.docker <%= config.bin %> install-plugin compose",
  ];
  static override args = {
    host: Args.string({ required: true, options: [...HOSTS], description: "the program that gets the plugin" }),
  };
  static override flags = {
    dir: Flags.string({
      description: "folder for the link (default: $DOCKER_CONFIG/cli-plugins, or for kubectl a folder of PATH)",
      helpValue: "DIR",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(InstallPlugin);
    const { PLUGINS, makeLink, locatePlugin } = await import("../plugin/links.ts");
    const host = args.host as (typeof HOSTS)[number];
    const { link, completion, program } = await locatePlugin(host, flags.dir, process.env, process.argv[1] ?? "");
    const made = await makeLink(link, program);
    print(`${made ? "linked" : "already linked:"} ${link} -> ${program}\n`);
    if (completion !== undefined) await makeLink(completion, program);
    print(`use it as: ${PLUGINS[host].use}\n`);
  }
}
