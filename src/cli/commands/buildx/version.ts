import { BaseCommand } from "../../base-command.ts";
import { BUILDX_VERSION } from "../../plugin/docker-plugin.ts";
import { print } from "../../../lib/terminal/output.ts";

/** CI scripts run it to find out whether buildx is installed. */
export default class BuildxVersion extends BaseCommand {
  static override summary = "Print the version of buildx that slipway is compatible with";
  static override hidden = true;

  async run(): Promise<void> {
    await this.parse(BuildxVersion);
    print(`slipway ${BUILDX_VERSION}\n`);
  }
}
