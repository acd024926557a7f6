import { once } from "node:events";
import { Flags } from "@oclif/core";
import { clusterFlags } from "../flags/shared.ts";
import { BuildsCommand, buildArg } from "../builds-command.ts";
import { buildLog } from "../../app/builds/log.ts";
import { refuseChanged } from "../../app/builds/started-here.ts";
import { printLogLine } from "../../lib/terminal/output.ts";

export default class Logs extends BuildsCommand {
  static override summary = "Print a build's log";
  static override description =
    "Prints the builder's log so far on standard output. With -f it follows the log to its end.";
  static override examples = ["<%= config.bin %> logs", "<%= config.bin %> logs -f slipway-app-x7k2m9qd"];
  static override args = buildArg;
  static override flags = {
    follow: Flags.boolean({ char: "f", default: false, description: "follow the log to its end" }),
    timestamps: Flags.boolean({ char: "t", description: "start each line with its time" }),
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const { logFormatterOf } = await import("../../app/builds/attach-deps.ts");
    let hasReader = true;
    process.stdout.once("error", () => (hasReader = false));
    await this.withCluster(flags, async (cluster) => {
      const [found] = await this.find(cluster, [args.build]);
      if (found === undefined) return;
      refuseChanged(found.job);
      const formatLogLine = await logFormatterOf(found.record);
      for await (const { line, timestamp } of buildLog(cluster, found, flags.follow, this.signal)) {
        if (!hasReader) return;
        const text = flags.timestamps ? `${timestamp} ${formatLogLine(line)}` : formatLogLine(line);
        if (!printLogLine(text))
          await Promise.race([once(process.stdout, "drain"), once(process.stdout, "close")]).catch(() => {});
      }
      this.signal.throwIfAborted();
    });
  }
}
