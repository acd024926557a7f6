import { text as readAll } from "node:stream/consumers";
import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { registryFlags } from "../flags/registry.ts";
import { InvalidInput } from "../../errors.ts";
import { print, printError } from "../../lib/terminal/output.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export default class Login extends BaseCommand {
  static override summary = "Log in to a registry";
  static override description = `Checks the user name and password with the registry, and stores them for builds: with docker's credential helper if docker's
configuration names one, else in the keychain of your system, else in docker's configuration file.`;
  static override examples = [
    "<%= config.bin %> login registry.example.com",
    "pass show registry | <%= config.bin %> login -u ci --password-stdin registry.example.com",
  ];
  static override args = {
    server: Args.string({ ignoreStdin: true, description: "HOST[:PORT] of the registry (default: Docker Hub)" }),
  };
  static override flags = {
    username: Flags.string({ char: "u", description: "user name" }),
    password: Flags.string({
      char: "p",
      description: "password or token; other users can see it, so prefer --password-stdin",
    }),
    "password-stdin": Flags.boolean({ description: "read the password from standard input" }),
    ...registryFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Login);
    const [{ keepLogin, serverName, verifyLogin }, { readCa }] = await Promise.all([
      import("../../app/login.ts"),
      import("../../plan/registry-ca.ts"),
    ]);
    const registry = serverName(args.server);
    const ca = await readCa(flags["registry-ca"]);
    const credential = await this.#ask(registry, flags);
    const kept = await verifyLogin(registry, credential, {
      insecure: flags["insecure-registry"],
      ...omitUndefined({ ca }),
    });
    const { place, warning } = await keepLogin(registry, kept, process.env);
    printError(warning === undefined ? `stored in ${place}\n` : `WARNING: ${warning}\n`);
    print(`Login Succeeded\n`);
  }

  async #ask(
    registry: string,
    flags: { username?: string | undefined; password?: string | undefined; "password-stdin": boolean },
  ): Promise<{ username: string; password: string }> {
    let { username, password } = flags;
    if (flags["password-stdin"]) {
      if (password !== undefined) throw new InvalidInput("--password and --password-stdin cannot be used together");
      if (username === undefined) throw new InvalidInput("--password-stdin needs --username");
      password = (await readAll(process.stdin)).replace(/\r?\n$/, "");
    } else if (password !== undefined) {
      printError("WARNING: other users can see a password on the command line; use --password-stdin\n");
    }
    if ((username === undefined || password === undefined) && !(process.stdin.isTTY && process.stderr.isTTY)) {
      const what = [...(username === undefined ? ["user name"] : []), ...(password === undefined ? ["password"] : [])];
      throw new InvalidInput(`there is no terminal to ask for the ${what.join(" and ")}`, {
        suggestions: ["Give --username, and the password on standard input with --password-stdin."],
      });
    }
    const { prompt } = await import("../ui/prompt.ts");
    username ??= await prompt(`User name for ${registry}: `, false);
    password ??= await prompt("Password: ", true);
    if (username === "") throw new InvalidInput("the user name is empty");
    if (password === "") throw new InvalidInput("the password is empty");
    return { username, password };
  }
}
