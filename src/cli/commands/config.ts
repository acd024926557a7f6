import { Args, Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { typedContext, typedDockerfile } from "../config/find-config.ts";
import { buildFlags } from "../flags/build.ts";
import { print } from "../../lib/terminal/output.ts";
import type { ParsedArgs } from "../../lib/pflag/argv.ts";

/** Those of `build`, which the help lists there. */
const BUILD_FLAGS: Interfaces.FlagInput = Object.fromEntries(
  Object.entries(buildFlags as Interfaces.FlagInput).map(([name, flag]) => [name, { ...flag, hidden: true }]),
);

export default class Config extends BaseCommand {
  static override summary = "Print the settings that a build would have, and where each comes from";
  static override description = `Takes the flags and the PATH of \`slipway build\`, and prints each setting that has a value, with its origin: the command line, a
variable, a configuration file or rule, or the default. Builds nothing, and connects to nothing.`;
  static override usage = "config [OPTIONS OF BUILD] [PATH]";
  static override examples = ["<%= config.bin %> config", "<%= config.bin %> config --json -f docker/Dockerfile ."];
  static override args = {
    path: Args.string({ default: ".", description: "the context, as for `slipway build`" }),
  };
  static override flags = {
    ...BUILD_FLAGS,
    json: Flags.boolean({ description: "print as JSON" }),
  };

  protected override readonly settable = "all";

  protected override contextOf(rest: readonly string[]): string | null | undefined {
    return typedContext(rest);
  }

  protected override dockerfileOf(typed: ParsedArgs, configured: string | undefined): string | undefined {
    return typedDockerfile(typed, configured);
  }

  async run(): Promise<void> {
    const { flags, metadata } = await this.parse(Config);
    const { json, ...values } = flags as Readonly<Record<string, unknown>>;
    const [{ firstBuilder, settingsOf, settingsTable }, { builderImageOf }] = await Promise.all([
      import("../print/settings.ts"),
      import("../../app/describe-builders.ts"),
    ]);
    const { project, user } = this.configurations;
    const builder = firstBuilder(values, project?.builderOrder ?? user?.builderOrder);
    const settings = settingsOf({
      flags: values,
      defaults: new Set(
        Object.entries(metadata.flags).flatMap(([name, given]) => (given?.setFromDefault === true ? [name] : [])),
      ),
      origins: this.origins,
      configurations: this.configurations,
      env: process.env,
      builder,
      ...(await builderImageOf(builder)),
    });
    print(json === true ? `${JSON.stringify(settings, undefined, 2)}\n` : settingsTable(settings));
  }
}
