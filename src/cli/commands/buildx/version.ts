import { BaseCommand } from "../../base-command.ts";
import { BUILDX_VERSION } from "../../plugin/docker-plugin.ts";

/** CI scripts ask whether there is a buildx before they use it. */
export default class BuildxVersion extends BaseCommand {
  static override summary = "Print the version of buildx whose command line is followed";
  static override hidden = true;

  async run(): Promise<void> {
    await this.parse(BuildxVersion);
    process.stdout.write(`slipway ${BUILDX_VERSION}\n`);
  }
}
