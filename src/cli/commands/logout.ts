import { Args } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { print } from "../../lib/terminal/output.ts";

export default class Logout extends BaseCommand {
  static override summary = "Remove the login to a registry from every place that stores it";
  static override examples = ["<%= config.bin %> logout registry.example.com"];
  static override args = {
    server: Args.string({ ignoreStdin: true, description: "HOST[:PORT] of the registry (default: Docker Hub)" }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Logout);
    const { forgetLogin, serverName } = await import("../../app/login.ts");
    const registry = serverName(args.server);
    const forgotten = await forgetLogin(registry, process.env);
    print(forgotten ? `Removed the login to ${registry}\n` : `Not logged in to ${registry}\n`);
  }
}
