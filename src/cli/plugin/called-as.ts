/** The program under another name: as a plugin of docker or kubectl. Loaded only in this case, and without the commands. */
import { SlipwayError } from "../../errors.ts";
import { EXIT } from "../exit-codes.ts";
import { BUILDX_VERSION, METADATA, buildxArgs, completionArgs, metadataOf, readCall } from "./docker-plugin.ts";
import type { PluginName } from "./docker-plugin.ts";
import { onDockerDisconnect } from "./socket.ts";
import { print, printError } from "../../lib/terminal/output.ts";

/** File names that links may have. All start as plugins' names do, so a check of the first letters is enough to know whether to load this file. */
const PLUGINS: Readonly<Record<string, PluginName>> = { "docker-slipway": "slipway", "docker-buildx": "buildx" };

/** Begins the name of the program that kubectl asks for completions of a plugin. */
const KUBECTL_COMPLETION = "kubectl_complete-";

/**
 * @param name of the link, without its directory
 * @param argv the args after the name
 * @returns the args for slipway itself, or undefined if everything is done and the process may end
 */
export function calledAs(name: string, argv: readonly string[]): readonly string[] | undefined {
  const plugin = PLUGINS[name.replace(/\.(?:exe|cmd|js)$/, "")];
  // kubectl asks a program beside the plugin for completions (kubectl/pkg/cmd/plugin/plugin_completion.go).
  if (name.startsWith(KUBECTL_COMPLETION)) return ["__complete", ...argv];
  // kubectl passes only the args after the plugin's name.
  if (plugin === undefined) return argv;
  try {
    return asDockerPlugin(plugin, argv);
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    printError(`${[`ERROR: ${error.message}`, ...error.suggestions.map((line) => `  - ${line}`)].join("\n")}\n`);
    process.exitCode = EXIT.usage;
    return undefined;
  }
}

function asDockerPlugin(plugin: PluginName, argv: readonly string[]): readonly string[] | undefined {
  if (argv[0] === METADATA) return say(`${metadataOf(plugin)}\n`);
  const completion = completionArgs(plugin, argv);
  if (completion !== undefined) return typeof completion === "string" ? say(completion) : completion;
  const call = readCall(plugin, argv);
  if (call.config !== undefined) process.env["DOCKER_CONFIG"] = call.config;
  if (call.engine.length > 0) {
    printError(
      `WARNING: docker's ${call.engine.join(" and ")} is ignored: it selects an engine, and slipway builds without one\n`,
    );
  }
  onDockerDisconnect(process.env, interruptOnce());
  if (plugin === "buildx" && call.args[0] === "version") return say(`slipway ${BUILDX_VERSION}\n`);
  return plugin === "buildx" ? buildxArgs(call) : call.args;
}

function say(text: string): undefined {
  print(text);
}

/** Interrupts as Ctrl-C does, unless Ctrl-C came already: the terminal may send it to both processes, and a second one ends this process at once. */
function interruptOnce(): () => void {
  let interrupted = false;
  const note = (): void => void (interrupted = true);
  process.once("SIGINT", note);
  process.once("SIGTERM", note);
  return () => {
    if (interrupted) return;
    // Before the command has started, this listener is the only one and nothing would end the process.
    if (process.listenerCount("SIGINT") > 1) process.emit("SIGINT", "SIGINT");
    else process.exit(EXIT.interrupted);
  };
}
