import { Args, Flags } from "@oclif/core";
import { stopKept } from "../../../app/builds/kept-builders.ts";
import { InvalidInput } from "../../../errors.ts";
import { BuildsCommand } from "../../builds-command.ts";
import { clusterFlags } from "../../flags/shared.ts";
import { print } from "../../../lib/terminal/output.ts";

export default class KeepStop extends BuildsCommand {
  static override summary = "End kept builders, with the layers and caches they hold";
  static override description = "Prints the name of each that it ended. Builds that are under way there fail.";
  static override examples = [
    "<%= config.bin %> keep stop slipway-keep-38143a3338",
    "<%= config.bin %> keep stop --all",
  ];
  static override strict = false;
  static override args = {
    builder: Args.string({ description: "name of the builder, or the beginning of it; may be repeated" }),
  };
  static override flags = {
    all: Flags.boolean({ default: false, description: "all of yours in the namespace" }),
    "all-users": Flags.boolean({
      char: "A",
      default: false,
      description: "also those of other users in the namespace",
    }),
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(KeepStop);
    if ((argv.length === 0) !== flags.all) {
      throw new InvalidInput(
        argv.length === 0 ? "name a kept builder to end, or give --all" : "give names or --all, not both",
        { suggestions: ["See which there are: slipway keep", "End all of yours: slipway keep stop --all"] },
      );
    }
    await this.withCluster(flags, async (cluster) => {
      const names = flags.all ? undefined : argv.map(String);
      const scope = { env: process.env, allUsers: flags["all-users"] };
      for (const name of await stopKept(cluster, scope, names, this.signal)) print(`${name}\n`);
    });
  }
}
