import { Flags } from "@oclif/core";
import { clusterFlags } from "../flags/shared.ts";
import { BuildsCommand, buildArgs } from "../builds-command.ts";
import { removeBuilds } from "../../app/builds/cancel.ts";
import { hasEnded } from "../../app/builds/record.ts";
import { InvalidInput } from "../../errors.ts";
import { print } from "../../lib/terminal/output.ts";

export default class Rm extends BuildsCommand {
  static override summary = "Remove builds that have ended, with their logs";
  static override description =
    "The cluster also removes them when their --ttl expires. Prints the name of each build that it removed.";
  static override examples = [
    "<%= config.bin %> rm slipway-app-x7k2m9qd",
    "<%= config.bin %> rm -f latest",
    "<%= config.bin %> rm $(<%= config.bin %> ps -aq)",
  ];
  static override strict = false;
  static override args = buildArgs;
  static override flags = {
    force: Flags.boolean({ char: "f", description: "also running builds, which stops them" }),
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Rm);
    if (argv.length === 0) {
      throw new InvalidInput("name at least one build to remove", {
        suggestions: ["To list builds: run `slipway ps -a`. `latest` is your last build."],
      });
    }
    await this.withCluster(flags, async (cluster) => {
      const found = await this.find(cluster, argv.map(String));
      const running = found.find(({ record }) => !hasEnded(record));
      if (running !== undefined && !flags.force) {
        throw new InvalidInput(`build ${running.record.name} has not ended: ${running.record.state}`, {
          suggestions: [`Stop it first: \`slipway cancel ${running.record.name}\`. Or use -f.`],
        });
      }
      await removeBuilds(cluster, found, (name) => print(`${name}\n`));
    });
  }
}
