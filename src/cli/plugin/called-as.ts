/** The program under another name: a plugin of docker's or of kubectl's. Loaded only then, and it loads none of the commands. */
import { SlipwayError } from "../../errors.ts";
import { EXIT } from "../exit-codes.ts";
import {
  BUILDX_VERSION,
  COMPLETION,
  METADATA,
  NO_COMPLETION,
  buildxWords,
  metadataOf,
  readCall,
} from "./docker-plugin.ts";
import type { PluginName } from "./docker-plugin.ts";
import { whenDockerLetsGo } from "./socket.ts";

/** Names as links may have them, without a directory; each is of a plugin's form, so that a glance at the first letters is enough. */
const PLUGINS: Readonly<Record<string, PluginName>> = { "docker-slipway": "slipway", "docker-buildx": "buildx" };

/**
 * @param name of the link, without its directory
 * @param argv what follows it
 * @returns the words for slipway itself, or undefined when all is said and the process may end
 */
export function calledAs(name: string, argv: readonly string[]): readonly string[] | undefined {
  const plugin = PLUGINS[name.replace(/\.(?:exe|cmd|js)$/, "")];
  // kubectl passes on what follows a plugin's name, and no more.
  if (plugin === undefined) return argv;
  try {
    return asDockerPlugin(plugin, argv);
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    process.stderr.write(
      `${[`ERROR: ${error.message}`, ...error.suggestions.map((line) => `  - ${line}`)].join("\n")}\n`,
    );
    process.exitCode = EXIT.usage;
    return undefined;
  }
}

function asDockerPlugin(plugin: PluginName, argv: readonly string[]): readonly string[] | undefined {
  if (argv[0] === METADATA) return say(`${metadataOf(plugin)}\n`);
  if (argv[0] === COMPLETION) return say(NO_COMPLETION);
  const call = readCall(plugin, argv);
  if (call.config !== undefined) process.env["DOCKER_CONFIG"] = call.config;
  if (call.engine.length > 0) {
    process.stderr.write(
      `WARNING: nothing comes of docker's ${call.engine.join(" and ")}: it chooses an engine, and slipway builds without one\n`,
    );
  }
  whenDockerLetsGo(process.env, interruptOnce());
  if (plugin === "buildx" && call.words[0] === "version") return say(`slipway ${BUILDX_VERSION}\n`);
  return plugin === "buildx" ? buildxWords(call) : call.words;
}

function say(text: string): undefined {
  process.stdout.write(text);
}

/** As a Ctrl-C does, unless there was one: the terminal may have sent it to both, and a second would end the process at once. */
function interruptOnce(): () => void {
  let interrupted = false;
  const note = (): void => void (interrupted = true);
  process.once("SIGINT", note);
  process.once("SIGTERM", note);
  return () => {
    if (interrupted) return;
    // Our own listener is not enough to end a process that has not come to its command yet.
    if (process.listenerCount("SIGINT") > 1) process.emit("SIGINT", "SIGINT");
    else process.exit(EXIT.interrupted);
  };
}
