import { Flags } from "@oclif/core";
import { clusterFlags } from "../flags/shared.ts";
import { BuildsCommand, buildArgs } from "../builds-command.ts";
import { LATEST } from "../../app/builds/find.ts";
import { RECORD_FIELDS } from "../../app/builds/record.ts";
import { refuseChanged } from "../../app/builds/started-here.ts";
import { jsonText, print } from "../../lib/terminal/output.ts";

export default class Inspect extends BuildsCommand {
  static override summary = "Print everything that slipway knows of builds, as JSON";
  static override examples = [
    "<%= config.bin %> inspect",
    "<%= config.bin %> inspect --format '{{.Digest}}' slipway-app-x7k2m9qd",
  ];
  static override strict = false;
  static override args = buildArgs;
  static override flags = {
    format: Flags.string({ char: "f", default: "json", description: "json, or a template such as '{{.State}}'" }),
    ...clusterFlags,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Inspect);
    const { fillRow, fillTemplate } = await import("../../lib/text/go-template.ts");
    if (flags.format !== "json") fillTemplate(flags.format, {}, RECORD_FIELDS);
    await this.withCluster(flags, async (cluster) => {
      const found = await this.find(cluster, argv.length === 0 ? [LATEST] : argv.map(String));
      for (const { job } of found) refuseChanged(job);
      const records = found.map(({ record }) => record);
      print(
        flags.format === "json"
          ? `${jsonText(records, 2)}\n`
          : records.map((record) => fillRow(flags.format, { ...record }, RECORD_FIELDS)).join(""),
      );
    });
  }
}
