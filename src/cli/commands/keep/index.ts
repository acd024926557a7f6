import { Flags } from "@oclif/core";
import { KEPT_FIELDS, listKept } from "../../../app/builds/kept-builders.ts";
import { BuildsCommand } from "../../builds-command.ts";
import { clusterFlags, tableFlags } from "../../flags/shared.ts";
import { print } from "../../../lib/terminal/output.ts";

export default class Keep extends BuildsCommand {
  static override summary = "List your kept builders";
  static override description = `A build with --keep DURATION leaves its BuildKit running for the next one. It ends by itself when nobody
has built with it for that long. DISK is the size of its layers and caches, BUILDS the number of builds that have been running
for more than ten seconds.`;
  static override examples = [
    "<%= config.bin %> keep",
    "<%= config.bin %> keep stop --all",
    "<%= config.bin %> keep --format '{{.Name}} {{.Builds}}'",
  ];
  static override flags = {
    "all-users": Flags.boolean({
      char: "A",
      default: false,
      description: "also those of other users in the namespace",
    }),
    quiet: Flags.boolean({ char: "q", description: "names only" }),
    format: Flags.string({
      default: "table",
      description: "table, json (one object a line), or a template such as '{{.Name}} {{.DiskBytes}}'",
    }),
    ...tableFlags,
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Keep);
    const { keptTable } = await import("../../print/tables.ts");
    const { tableWidth } = await import("../../print/fit-table.ts");
    const width = tableWidth(process.stdout, flags["no-trunc"]);
    const { fillRow, fillTemplate } = await import("../../../lib/text/go-template.ts");
    const template = flags.format === "json" ? "{{json .}}" : flags.format;
    if (template !== "table") fillTemplate(template, {}, KEPT_FIELDS);
    await this.withCluster(flags, async (cluster) => {
      const records = await listKept(cluster, { env: process.env, allUsers: flags["all-users"] }, this.signal);
      const text = flags.quiet
        ? records.map(({ name }) => `${name}\n`).join("")
        : template === "table"
          ? keptTable(records, { now: cluster.now(), users: flags["all-users"], width })
          : records.map((record) => fillRow(template, { ...record }, KEPT_FIELDS)).join("");
      print(text);
    });
  }
}
