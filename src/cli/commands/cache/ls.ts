import { Flags } from "@oclif/core";
import { clusterFlags, tableFlags } from "../../flags/shared.ts";
import { BuildsCommand } from "../../builds-command.ts";
import { listContexts } from "../../../app/builds/kept-contexts.ts";
import { print } from "../../../lib/terminal/output.ts";

export default class CacheLs extends BuildsCommand {
  static override summary = "List the contexts kept for --transport cache";
  static override description = "Each context is on a volume of the namespace, which stays until you remove it.";
  static override examples = [
    "<%= config.bin %> cache ls",
    "<%= config.bin %> cache rm $(<%= config.bin %> cache ls -q)",
  ];
  static override flags = {
    quiet: Flags.boolean({ char: "q", description: "print only the names of the volume claims" }),
    ...tableFlags,
    ...clusterFlags,
  };

  protected override readonly claims = true;

  async run(): Promise<void> {
    const { flags } = await this.parse(CacheLs);
    const { contextTable } = await import("../../print/tables.ts");
    const { tableWidth } = await import("../../print/fit-table.ts");
    const width = tableWidth(process.stdout, flags["no-trunc"]);
    await this.withCluster(flags, async (cluster) => {
      const contexts = await listContexts(cluster, this.signal);
      const names = contexts.map(({ claim }) => `${claim}\n`).join("");
      print(flags.quiet ? names : contextTable(contexts, cluster.now(), width));
    });
  }
}
