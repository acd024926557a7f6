import { BaseCommand } from "../base-command.ts";

export default class Version extends BaseCommand {
  static override summary = "Print the version of slipway";
  static override examples = ["<%= config.bin %> version"];

  async run(): Promise<void> {
    await this.parse(Version);
    process.stdout.write(`${this.config.userAgent}\n`);
  }
}
