import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { HOSTS } from "../plugin/links.ts";

export default class InstallPlugin extends BaseCommand {
  static override summary = "Make slipway a plugin of docker, kubectl or compose";
  static override description = `Puts a link to this program where docker, kubectl or compose looks for plugins, and says where. Nothing that is there and not
slipway's is touched. With \`compose\` slipway stands in for docker's buildx: docker compose build works through it, and so do
docker buildx build and docker build. \`uninstall-plugin\` takes the link away again.`;
  static override examples = [
    "<%= config.bin %> install-plugin kubectl",
    "<%= config.bin %> install-plugin docker",
    "DOCKER_CONFIG=$PWD/.docker <%= config.bin %> install-plugin compose",
  ];
  static override args = {
    host: Args.string({ required: true, options: [...HOSTS], description: "whose plugin" }),
  };
  static override flags = {
    dir: Flags.string({
      description:
        "put the link into this folder (default: $DOCKER_CONFIG/cli-plugins, or a folder of PATH for kubectl)",
      helpValue: "DIR",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(InstallPlugin);
    const { PLUGINS, makeLink, placeOf } = await import("../plugin/links.ts");
    const host = args.host as (typeof HOSTS)[number];
    const { link, program } = await placeOf(host, flags.dir, process.env, process.argv[1] ?? "");
    const made = await makeLink(link, program);
    process.stdout.write(`${made ? "linked" : "already there:"} ${link} -> ${program}\n`);
    process.stdout.write(`use it as: ${PLUGINS[host].use}\n`);
  }
}
