import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand, syntaxOf } from "../base-command.ts";
import { EXIT_CODES } from "../flags/shared.ts";
import { canonicalArguments } from "../../lib/pflag/argv.ts";
import { pluginBuild } from "../drone/plugin.ts";
import { wantsResults, writeResults } from "../drone/results.ts";
import type { Environment } from "../drone/settings.ts";
import type { Dialect } from "../drone/tags.ts";
import { InvalidInput } from "../../errors.ts";
import type { GivenLogins } from "../../app/build/build.ts";
import Build from "./build.ts";

/** Flags of `build` that the variables speak for. */
const OF_VARIABLES =
  /^(?:tag|file|build-arg|label|target|output|push|load|check|call|print|detach.*|metadata-file|platform)$/;

export const passedOn: Interfaces.FlagInput = Object.fromEntries(
  Object.entries(Build.flags).filter(([name]) => !OF_VARIABLES.test(name)),
);

/** Variables that hold what nobody else need see. */
const SECRET = /^(?:PLUGIN_(?:\w*PASSWORD|CONFIG|JSON_KEY)|DOCKER_PASSWORD)$/;

/** What they are called in an error: PLUGIN_CONFIG is the only text of them that may be wrong. */
const LOGINS = "PLUGIN_CONFIG";

export default class Plugin extends BaseCommand {
  static override summary = "Build what a step of Drone asks for with its PLUGIN_ variables";
  static override description = `Reads the variables that drone-kaniko and banzaicloud/kaniko-plugin read, and makes one build of them. All other flags are those of
\`build\`. What each variable does: docs/guides/drone.md.

${EXIT_CODES}`;
  static override examples = ["PLUGIN_REPO=registry.example.com/app PLUGIN_TAGS=1.0 <%= config.bin %> plugin"];

  static override flags: Interfaces.FlagInput = {
    ...passedOn,
    dialect: Flags.string({
      description: "whose variables they are; banzai puts the registry before every name, and takes its own AUTO_TAG",
      options: ["drone", "banzai"],
      default: "drone",
    }),
  };

  async run(): Promise<void> {
    const words = canonicalArguments(this.argv, syntaxOf(Plugin.flags));
    const { flags } = await this.parse(Plugin, words);
    refuseRest(words);
    await this.build(process.env, String(flags["dialect"]) as Dialect, words);
  }

  /** @param words of the command line, of which those for `build` go on to it */
  protected async build(own: Environment, dialect: Dialect, words: readonly string[]): Promise<void> {
    const env = { ...(await readEnvironmentFile(own["PLUGIN_ENV_FILE"])), ...own };
    const { words: asked, dockerConfig, notices, results } = pluginBuild(env, dialect, await readTags());
    for (const notice of notices) process.stderr.write(`WARNING: ${notice}\n`);
    // What this process starts, git and credential helpers, is to see none of them.
    for (const name of Object.keys(process.env)) if (SECRET.test(name)) delete process.env[name];
    const logins = dockerConfig === undefined ? undefined : { text: dockerConfig, source: LOGINS };
    const shared = words.slice(0, words.indexOf("--")).filter((word) => {
      return Object.hasOwn(passedOn, word.slice(2).split("=", 1)[0] ?? "");
    });
    if (!wantsResults(results)) return this.#run([...shared, ...asked], logins);
    const folder = await mkdtemp(join(tmpdir(), "slipway-plugin-"));
    try {
      const file = join(folder, "metadata.json");
      await this.#run([...shared, `--metadata-file=${file}`, ...asked], logins);
      const text = await readFile(file, "utf8").catch(() => undefined);
      // A --dry-run leaves none.
      if (text === undefined) return;
      const { "containerimage.digest": digest } = JSON.parse(text) as { "containerimage.digest": string };
      await writeResults(results, digest);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #run(words: readonly string[], logins: GivenLogins | undefined): Promise<void> {
    class BuildOfStep extends Build {
      protected override readonly logins = logins;
    }
    BuildOfStep.id ||= "build";
    await BuildOfStep.run([...words], this.config);
  }
}

/** @throws InvalidInput for words that are no flags */
export function refuseRest(words: readonly string[]): void {
  const [extra] = words.slice(words.indexOf("--") + 1);
  if (extra === undefined) return;
  throw new InvalidInput(`the step's variables say what is built, and "${extra}" is none of them`, {
    suggestions: ["Set PLUGIN_CONTEXT for another context."],
  });
}

async function readTags(): Promise<string | undefined> {
  return readFile(".tags", "utf8").catch(() => undefined);
}

/** Variables of a file, below those that are set. @throws InvalidInput when it cannot be read */
async function readEnvironmentFile(file: string | undefined): Promise<Environment> {
  if (file === undefined || file === "") return {};
  try {
    return parseEnv(await readFile(file, "utf8"));
  } catch (error) {
    throw new InvalidInput(`PLUGIN_ENV_FILE ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      suggestions: ["Name a file of NAME=VALUE lines, or leave it out."],
      cause: error,
    });
  }
}
