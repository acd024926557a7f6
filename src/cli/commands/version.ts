import { BaseCommand } from "../base-command.ts";
import { print } from "../../lib/terminal/output.ts";

export default class Version extends BaseCommand {
  static override summary = "Print the version of slipway";
  static override examples = ["<%= config.bin %> version"];

  async run(): Promise<void> {
    await this.parse(Version);
    print(`${this.config.userAgent}\n`);
  }
}
