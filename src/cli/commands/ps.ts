import { Flags } from "@oclif/core";
import { clusterFlags, tableFlags } from "../flags/shared.ts";
import { BuildsCommand } from "../builds-command.ts";
import { listBuilds } from "../../app/builds/find.ts";
import { RECORD_FIELDS, hasEnded } from "../../app/builds/record.ts";
import { StartedHere, changedMessage } from "../../app/builds/started-here.ts";
import { print, printError } from "../../lib/terminal/output.ts";

export default class Ps extends BuildsCommand {
  static override summary = "List builds";
  static override description = "Lists your running builds in the namespace, newest first.";
  static override examples = [
    "<%= config.bin %> ps -a",
    "<%= config.bin %> ps --all-users --format json",
    "<%= config.bin %> ps --all-namespaces --all-users -a",
    "<%= config.bin %> ps -a --format '{{.Name}}\\t{{.State}}\\t{{.Digest}}'",
  ];
  static override flags = {
    all: Flags.boolean({ char: "a", description: "also builds that have ended" }),
    "all-users": Flags.boolean({ char: "A", description: "also builds of other users in the namespace" }),
    "all-namespaces": Flags.boolean({ description: "builds in every namespace; needs rights in the whole cluster" }),
    quiet: Flags.boolean({ char: "q", description: "print only names" }),
    format: Flags.string({
      default: "table",
      description: "table, json (one object per line), or a template such as '{{.Name}} {{.State}}'",
    }),
    ...tableFlags,
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Ps);
    const { buildTable } = await import("../print/tables.ts");
    const { tableWidth } = await import("../print/fit-table.ts");
    const width = tableWidth(process.stdout, flags["no-trunc"]);
    const { fillRow, fillTemplate } = await import("../../lib/text/go-template.ts");
    const template = flags.format === "json" ? "{{json .}}" : flags.format;
    if (template !== "table") fillTemplate(template, {}, RECORD_FIELDS);
    await this.withCluster(flags, async (cluster) => {
      const allNamespaces = flags["all-namespaces"];
      const user = flags["all-users"] ? undefined : await this.whoAmI(cluster);
      const builds = await listBuilds(cluster, user, this.signal, { allNamespaces });
      const here = new StartedHere();
      for (const { job, record } of builds) {
        if (here.isChanged(job)) printError(`WARNING: ${changedMessage(record.name)}\n`);
      }
      const records = builds.map(({ record }) => record).filter((record) => flags.all || !hasEnded(record));
      const text = flags.quiet
        ? records.map(({ name }) => `${name}\n`).join("")
        : template === "table"
          ? buildTable(records, { now: cluster.now(), users: flags["all-users"], namespaces: allNamespaces, width })
          : records.map((record) => fillRow(template, { ...record }, RECORD_FIELDS)).join("");
      print(text);
    });
  }
}
