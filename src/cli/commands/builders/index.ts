import { Flags } from "@oclif/core";
import { BaseCommand } from "../../base-command.ts";
import { jsonText, print } from "../../../lib/terminal/output.ts";

export default class Builders extends BaseCommand {
  static override summary = "List the builders, and which Dockerfile features each supports";
  static override description =
    "Choose one with `build --builder NAME`. `--builder auto` takes the first that supports the Dockerfile, in the order of SLIPWAY_BUILDER_ORDER.";
  static override examples = ["<%= config.bin %> builders", "<%= config.bin %> builders --json"];
  static override flags = {
    json: Flags.boolean({ description: "print everything about them as JSON" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Builders);
    const { describeBuilders } = await import("../../../app/describe-builders.ts");
    const builders = await describeBuilders(process.env);
    if (flags.json) {
      print(`${jsonText(builders, 2)}\n`);
      return;
    }
    const { alignColumns } = await import("../../../lib/text/table.ts");
    const lines = alignColumns([
      ["NAME", "RUNS AS", "CAPABILITIES", "IMAGE"],
      ...builders.map(({ name, user, capabilities, image }) => [
        name,
        user === 0 ? "root" : String(user),
        String(capabilities.length),
        image ?? "(name one with --builder-image)",
      ]),
    ]);
    const features = alignColumns([
      ["DOCKERFILE", ...builders.map(({ name }) => name)],
      ...Object.keys(builders[0]?.features ?? {}).map((title) => [
        title,
        ...builders.map(({ features }) => (features[title] === true ? "yes" : "-")),
      ]),
    ]);
    print(`${[...lines, "", ...features].join("\n")}\n`);
  }
}
