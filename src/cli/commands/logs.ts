import { once } from "node:events";
import { Flags } from "@oclif/core";
import { clusterFlags } from "../flags/shared.ts";
import { BuildsCommand, buildArg } from "../builds-command.ts";
import { buildLog } from "../../app/builds/log.ts";

export default class Logs extends BuildsCommand {
  static override summary = "Print a build's log";
  static override description =
    "Prints what the builder has said so far on standard output; with -f also what it goes on to say, to its end.";
  static override examples = ["<%= config.bin %> logs", "<%= config.bin %> logs -f slipway-app-x7k2m9qd"];
  static override args = buildArg;
  static override flags = {
    follow: Flags.boolean({ char: "f", default: false, description: "go on to the log's end" }),
    timestamps: Flags.boolean({ char: "t", description: "begin each line with its time" }),
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const { logFormatterOf } = await import("../../app/builds/attach-deps.ts");
    let read = true;
    process.stdout.once("error", () => (read = false));
    await this.withCluster(flags, async (cluster) => {
      const [found] = await this.find(cluster, [args.build]);
      if (found === undefined) return;
      const formatLogLine = await logFormatterOf(found.record);
      for await (const { line, timestamp } of buildLog(cluster, found, flags.follow, this.signal)) {
        if (!read) return;
        const text = flags.timestamps ? `${timestamp} ${formatLogLine(line)}` : formatLogLine(line);
        if (!process.stdout.write(`${text}\n`))
          await Promise.race([once(process.stdout, "drain"), once(process.stdout, "close")]).catch(() => {});
      }
      this.signal.throwIfAborted();
    });
  }
}
