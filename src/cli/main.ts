/** The program: from args to a command of src/cli/commands, and from an error to what oclif prints of it. */
import { Config } from "@oclif/core";
import { flush } from "@oclif/core/flush";
import { handle } from "@oclif/core/handle";
import { getHelpFlagAdditions, normalizeArgv } from "@oclif/core/help";
import { COMMANDS } from "./command-table.ts";
import { InternalError } from "../errors.ts";
import { EXIT } from "./exit-codes.ts";
import { completeEnvironment } from "./missing-user.ts";
import packageJson from "../../package.json" with { type: "json" };
import { print, printError } from "../lib/terminal/output.ts";

export { preload } from "./preload.ts";

/**
 * oclif's own `execute` finds commands as files, by name. Here all commands are in one file with the rest of the program, and each is
 * loaded when it is needed.
 *
 * @param args the command line without the program's name
 * @param root directory with package.json and oclif.manifest.json
 * @param manifest the content of oclif.manifest.json, where it is not a file of `root`
 */
export async function execute(args: readonly string[], root: string, manifest?: object): Promise<void> {
  completeEnvironment();
  // Nothing is left to do or to write then. Without this, Node takes 20 ms more to free its memory piece by piece.
  process.once("beforeExit", () => process.exit());
  try {
    await run([...args], await loadConfig(root, manifest));
    await flush();
  } catch (error) {
    await handle(error instanceof Error ? error : new Error(String(error)));
  }
}

async function loadConfig(root: string, manifest: object | undefined): Promise<Config> {
  // `manifest` is read by a change that dependency-patches.mjs makes to oclif.
  const oclif = manifest === undefined ? packageJson.oclif : { ...packageJson.oclif, manifest };
  const pjson = { ...packageJson, oclif } as never;
  const config = new Config({ root, pjson, devPlugins: false, userPlugins: false });
  // Its file would colour oclif's help, which is not printed here. Each file that is looked for costs the start.
  config.loadTheme = async () => undefined;
  await config.load();
  const [plugin] = config.getPluginsList();
  if (plugin === undefined) throw new InternalError("oclif has not loaded the program's own manifest");
  plugin.findCommand = async (id: string) => {
    const load = COMMANDS[id];
    if (load === undefined)
      throw new InternalError(`oclif.manifest.json has the command ${id}, but the program does not`);
    const { default: command } = await load();
    return Object.assign(command, { id, plugin });
  };
  return config;
}

async function run(typed: string[], config: Config): Promise<void> {
  // As with docker and kubectl: `help build`, `-v`.
  const args = typed[0] === "help" ? [...typed.slice(1), "--help"] : typed;
  if (args[0] === "--version" || args[0] === "-v") {
    print(`${config.userAgent}\n`);
    return;
  }
  if (args[0]?.startsWith("__complete") === true) {
    const { COMPLETE_WITHOUT_DESCRIPTIONS, answerCompletion } = await import("./completion/answer.ts");
    await answerCompletion(args.slice(1), config, args[0] !== COMPLETE_WITHOUT_DESCRIPTIONS);
    // Not later: a credential plugin or a silent server may still hold the process.
    process.exit(0);
  }
  const [id = "", ...rest] = normalizeArgv(config, args);
  const beforeDashes = args.slice(0, args.includes("--") ? args.indexOf("--") : undefined);
  const help = args.length === 0 || getHelpFlagAdditions(config).some((flag) => beforeDashes.includes(flag));
  const command = config.findCommand(id);
  const general = args.every((arg) => arg.startsWith("-"));
  if (command === undefined && config.findTopic(id) === undefined && !(help && general)) {
    await printUnknown(id);
  } else if (help || command === undefined) {
    const { printHelp } = await import("./help/print-help.ts");
    printHelp(config, general ? "" : id);
  } else {
    await config.runCommand(id, rest, command);
  }
}

async function printUnknown(id: string): Promise<void> {
  const [{ unknownCommand }, { failureLines }] = await Promise.all([
    import("./unknown-command.ts"),
    import("./ui/failure.ts"),
  ]);
  const error = unknownCommand(id, Object.keys(COMMANDS));
  printError(`${failureLines(error).join("\n")}\n`);
  process.exitCode = EXIT.usage;
}
