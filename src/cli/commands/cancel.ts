import { clusterFlags } from "../flags/shared.ts";
import { BuildsCommand, buildArgs } from "../builds-command.ts";
import { LATEST } from "../../app/builds/find.ts";
import { removeBuilds } from "../../app/builds/cancel.ts";
import { hasEnded } from "../../app/builds/record.ts";
import { InvalidInput } from "../../errors.ts";

export default class Cancel extends BuildsCommand {
  static override summary = "Stop builds that are under way, and remove what they made";
  static override description = "As Ctrl-C does for the build one watches. Prints the name of each build it stopped.";
  static override examples = ["<%= config.bin %> cancel", "<%= config.bin %> cancel slipway-app-x7k2m9qd"];
  static override strict = false;
  static override args = buildArgs;
  static override flags = clusterFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Cancel);
    const names = argv.length === 0 ? [LATEST] : argv.map(String);
    await this.withCluster(flags, async (cluster) => {
      const found = await this.find(cluster, names, "running");
      const over = found.find(({ record }) => hasEnded(record));
      if (over !== undefined) {
        throw new InvalidInput(`the build ${over.record.name} has ended already: ${over.record.state}`, {
          suggestions: [`Remove it with \`slipway rm ${over.record.name}\`, or leave that to its --ttl.`],
        });
      }
      await removeBuilds(cluster, found, (name) => process.stdout.write(`${name}\n`));
    });
  }
}
