import { clusterFlags } from "../flags/shared.ts";
import { BuildsCommand, buildArgs } from "../builds-command.ts";
import { LATEST } from "../../app/builds/find.ts";
import { cancelBuilds } from "../../app/builds/cancel.ts";
import { hasEnded } from "../../app/builds/record.ts";
import { InvalidInput } from "../../errors.ts";
import { print } from "../../lib/terminal/output.ts";

export default class Cancel extends BuildsCommand {
  static override summary = "Stop running builds";
  static override description =
    "The pod and the build's passwords are deleted at once. `slipway ps -a` lists the build as cancelled until its --ttl expires, or `slipway rm` removes it. Prints the name of each build that it stopped.";
  static override examples = ["<%= config.bin %> cancel", "<%= config.bin %> cancel slipway-app-x7k2m9qd"];
  static override strict = false;
  static override args = buildArgs;
  static override flags = clusterFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Cancel);
    const names = argv.length === 0 ? [LATEST] : argv.map(String);
    await this.withCluster(flags, async (cluster) => {
      const found = await this.find(cluster, names, "running");
      const ended = found.find(({ record }) => hasEnded(record));
      if (ended !== undefined) {
        throw new InvalidInput(`build ${ended.record.name} has already ended: ${ended.record.state}`, {
          suggestions: [`Remove it with \`slipway rm ${ended.record.name}\`, or wait for its --ttl to expire.`],
        });
      }
      await cancelBuilds(cluster, found, await this.whoAmI(cluster), (name) => print(`${name}\n`));
    });
  }
}
