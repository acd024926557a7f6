/** The program: from words to a command of src/cli/commands, and from an error to what oclif says of it. */
import { Config } from "@oclif/core";
import { flush } from "@oclif/core/flush";
import { handle } from "@oclif/core/handle";
import { getHelpFlagAdditions, loadHelpClass, normalizeArgv } from "@oclif/core/help";
import { COMMANDS } from "./command-table.ts";
import { InternalError } from "../errors.ts";
import { EXIT } from "./exit-codes.ts";
import manifest from "../../package.json" with { type: "json" };

/**
 * oclif's own `execute` finds commands as files, by name; here they are in the one file with the rest, each loaded when asked for.
 *
 * @param words of the command line, without the program's name
 * @param root directory with package.json and oclif.manifest.json
 */
export async function execute(words: readonly string[], root: string): Promise<void> {
  try {
    await runWords([...words], await loadConfig(root));
    await flush();
  } catch (error) {
    await handle(error instanceof Error ? error : new Error(String(error)));
  }
}

async function loadConfig(root: string): Promise<Config> {
  const config = await Config.load({ root, pjson: manifest as never });
  const [plugin] = config.getPluginsList();
  if (plugin === undefined) throw new InternalError("oclif has not loaded the program's own manifest");
  plugin.findCommand = async (id: string) => {
    const load = COMMANDS[id];
    if (load === undefined) throw new InternalError(`oclif.manifest.json has a command ${id} that the program has not`);
    const { default: command } = await load();
    return Object.assign(command, { id, plugin });
  };
  return config;
}

async function runWords(typed: string[], config: Config): Promise<void> {
  // As docker and kubectl have them: `help build`, `version`.
  const words = typed[0] === "help" ? [...typed.slice(1), "--help"] : typed;
  if (words[0] === "--version" || (words[0] === "version" && words.length === 1)) {
    process.stdout.write(`${config.userAgent}\n`);
    return;
  }
  const [id = "", ...rest] = normalizeArgv(config, words);
  const asked = words.slice(0, words.includes("--") ? words.indexOf("--") : undefined);
  const help = words.length === 0 || getHelpFlagAdditions(config).some((flag) => asked.includes(flag));
  const command = config.findCommand(id);
  const general = words.every((word) => word.startsWith("-"));
  if (command === undefined && config.findTopic(id) === undefined && !(help && general)) {
    commandNotFound(id);
  } else if (help || command === undefined) {
    const Help = await loadHelpClass(config);
    await new Help(config, config.pjson.oclif.helpOptions).showHelp(help ? words : [id]);
  } else {
    await config.runCommand(id, rest, command);
  }
}

/**
 * Reports an unknown command. Scripts that use slipway as docker also send it commands that only an engine can answer.
 *
 * @param id the command as oclif joins it: `image:rm` for `image rm`
 */
function commandNotFound(id: string): void {
  const words = id.replaceAll(":", " ");
  process.stderr.write(
    `ERROR: slipway builds images, and has no command \`${words}\`\n  - Ask docker itself, podman or nerdctl for what needs a container engine; \`slipway --help\` lists what is here.\n`,
  );
  process.exitCode = EXIT.usage;
}
