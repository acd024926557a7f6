import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand, syntaxOf } from "../base-command.ts";
import { EXIT_CODES } from "../flags/shared.ts";
import { whyNot } from "../../lib/files/read-file.ts";
import { isBelow, realPath } from "../../lib/files/real-path.ts";
import { readRegularFile } from "../../lib/files/regular-file.ts";
import { makeScratchDirectory, removeScratchDirectory } from "../../lib/files/scratch.ts";
import { canonicalArguments } from "../../lib/pflag/argv.ts";
import { pluginBuild } from "../drone/plugin.ts";
import { wantsResults, writeResults } from "../drone/results.ts";
import type { Environment } from "../drone/settings.ts";
import type { Dialect } from "../drone/tags.ts";
import { InvalidInput } from "../../errors.ts";
import type { GivenLogins } from "../../app/build/build.ts";
import Build from "./build.ts";
import { printError } from "../../lib/terminal/output.ts";

/** Flags of `build` that the variables set. */
const FLAGS_OF_VARIABLES =
  /^(?:tag|file|build-arg|label|target|output|push|load|check|call|print|detach.*|metadata-file|platform)$/;

/** Flags that the command passes on to `build`. */
export const BUILD_FLAGS: Interfaces.FlagInput = Object.fromEntries(
  Object.entries(Build.flags).filter(([name]) => !FLAGS_OF_VARIABLES.test(name)),
);

/** Variables that hold secrets. */
const SECRET_VARIABLE = /^(?:PLUGIN_(?:\w*PASSWORD|CONFIG|JSON_KEY)|DOCKER_PASSWORD)$/;

/** Name of the logins in an error: of the variables only PLUGIN_CONFIG has a syntax that can be wrong. */
const LOGINS_SOURCE = "PLUGIN_CONFIG";

export default class Plugin extends BaseCommand {
  static override summary = "Run the build of a Drone step, from its PLUGIN_ variables";
  static override description = `Reads the variables that drone-kaniko and banzaicloud/kaniko-plugin read, and runs one build of them. All other flags are
those of \`build\`. docs/guides/drone.md has the meaning of each variable.

${EXIT_CODES}`;
  static override usage = "plugin [OPTIONS]";
  static override examples = ["PLUGIN_REPO=registry.example.com/app PLUGIN_TAGS=1.0 <%= config.bin %> plugin"];

  static override flags: Interfaces.FlagInput = {
    ...BUILD_FLAGS,
    dialect: Flags.string({
      description: "dialect of the variables; banzai puts the registry before every name and has its own AUTO_TAG",
      options: ["drone", "banzai"],
      default: "drone",
    }),
  };

  async run(): Promise<void> {
    const args = canonicalArguments(this.argv, syntaxOf(Plugin.flags), this.typedName);
    const { flags } = await this.parse(Plugin, args);
    refuseRest(args);
    await this.build(process.env, String(flags["dialect"]) as Dialect, args);
  }

  /**
   * @param args the command line; the flags of `build` in it are passed on
   * @param secretTexts values of `own` that come from Secrets
   */
  protected async build(
    own: Environment,
    dialect: Dialect,
    args: readonly string[],
    secretTexts: readonly string[] = [],
  ): Promise<void> {
    const env = { ...(await readEnvironmentFile(own["PLUGIN_ENV_FILE"])), ...own };
    const {
      args: ofStep,
      dockerConfig,
      notices,
      results,
      fromEnvironment,
    } = pluginBuild(env, dialect, await readTags());
    for (const notice of notices) printError(`WARNING: ${notice}\n`);
    // Programs that this process starts, git and credential helpers, must not see them.
    for (const name of Object.keys(process.env)) if (SECRET_VARIABLE.test(name)) delete process.env[name];
    const logins = dockerConfig === undefined ? undefined : { text: dockerConfig, source: LOGINS_SOURCE };
    const shared = args.slice(0, args.indexOf("--")).filter((arg) => {
      return Object.hasOwn(BUILD_FLAGS, arg.slice(2).split("=", 1)[0] ?? "");
    });
    const hidden = [...secretTexts, ...fromEnvironment];
    if (!wantsResults(results)) return this.#run([...shared, ...ofStep], logins, hidden);
    const folder = makeScratchDirectory("slipway-plugin-");
    try {
      const file = join(folder, "metadata.json");
      await this.#run([...shared, `--metadata-file=${file}`, ...ofStep], logins, hidden);
      const text = await readFile(file, "utf8").catch(() => undefined);
      // A --dry-run writes none.
      if (text === undefined) return;
      const { "containerimage.digest": digest } = JSON.parse(text) as { "containerimage.digest": string };
      writeResults(results, digest);
    } finally {
      removeScratchDirectory(folder);
    }
  }

  async #run(args: readonly string[], logins: GivenLogins | undefined, hidden: readonly string[]): Promise<void> {
    class BuildOfStep extends Build {
      protected override readonly logins = logins;
      protected override readonly secretTexts = hidden;
    }
    BuildOfStep.id ||= "build";
    await BuildOfStep.run([...args], this.config);
  }
}

/** @throws InvalidInput for an arg that is not a flag */
function refuseRest(args: readonly string[]): void {
  const [extra] = args.slice(args.indexOf("--") + 1);
  if (extra === undefined) return;
  throw new InvalidInput(`unexpected argument "${extra}": only the step's variables say what is built`, {
    suggestions: ["To build another context: set PLUGIN_CONTEXT."],
  });
}

/** A file of the source: a symlink to another directory is not followed. */
async function readTags(): Promise<string | undefined> {
  if (!isBelow(realPath(".tags"), realPath("."))) return undefined;
  return readRegularFile(".tags").then(String, () => undefined);
}

/** The variables of a file. @throws InvalidInput when it cannot be read */
export async function readEnvironmentFile(file: string | undefined): Promise<Readonly<Record<string, string>>> {
  if (file === undefined || file === "") return {};
  try {
    return parseEnv((await readRegularFile(file)).toString()) as Record<string, string>;
  } catch (error) {
    throw new InvalidInput(`PLUGIN_ENV_FILE ${file} ${whyNot(error)}`, {
      suggestions: ["Name a file of NAME=VALUE lines, or unset PLUGIN_ENV_FILE."],
      cause: error,
    });
  }
}
