/**
 * Answers `slipway __complete WORD…`, which the shells' scripts, docker and kubectl call while somebody types. It never fails and is
 * never long: what cannot be known within a moment is left out.
 */
import type { Config } from "@oclif/core";
import { print } from "../../lib/terminal/output.ts";
import { workingDirectory } from "../../lib/files/working-directory.ts";
import { dockerfilePath, findConfigurations, surroundings } from "../config/find-config.ts";
import { keysOf } from "../config/keys.ts";
import type { FlagDescription } from "../config/keys.ts";
import { resolveSettings, sourcesOf } from "../config/resolve.ts";
import { WITHOUT_VALUE } from "../flags/shared.ts";
import { complete, printCompletion } from "./complete.ts";
import type { Candidate, CommandEntry, Source } from "./complete.ts";
import type { ReadWords } from "./read-words.ts";

/** How long the cluster may take. Somebody waits for the answer with a finger on the tab key. */
const ANSWER_TIME_MS = 2000;

/** The command that cobra's scripts call, and its form without descriptions. */
export const COMPLETE = "__complete";
export const COMPLETE_WITHOUT_DESCRIPTIONS = "__completeNoDesc";

/** @param args the words after the program's name, the last one being the word at the cursor */
export async function answerCompletion(
  args: readonly string[],
  config: Config,
  withDescriptions: boolean,
): Promise<void> {
  const commands = config.commands as unknown as readonly CommandEntry[];
  const signal = AbortSignal.timeout(ANSWER_TIME_MS);
  const completion = await complete(args, commands, WITHOUT_VALUE, async (source, read, command) => {
    const late = new Promise<readonly Candidate[]>((resolve) => {
      signal.addEventListener("abort", () => resolve([]), { once: true });
    });
    return Promise.race([askSource(source, read, command, commands, signal).catch(() => []), late]);
  });
  print(printCompletion(completion, withDescriptions));
}

async function askSource(
  source: Source,
  read: ReadWords,
  command: CommandEntry,
  commands: readonly CommandEntry[],
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  if (source === "bake-targets") return bakeTargets(read);
  const settings = await settingsOf(read, command, commands);
  const choice = {
    kubeconfig: settings.get("kubeconfig"),
    context: settings.get("context"),
    namespace: settings.get("namespace"),
  };
  const app = await import("../../app/completion.ts");
  switch (source) {
    case "contexts":
      return app.contextNames(choice.kubeconfig, process.env);
    case "namespaces":
      return app.namespaceNames(choice, signal);
    case "builds":
      return app.buildNames(choice, "all", signal);
    case "running-builds":
      return app.buildNames(choice, "running", signal);
    case "kept-builders":
      return app.keptBuilderNames(choice, process.env, signal);
    case "kept-contexts":
      return app.keptContextNames(choice, signal);
    case "stages":
    case "build-arguments": {
      const path = dockerfilePath(read.positional[0] ?? ".", settings.get("file"));
      if (path === undefined) return [];
      return source === "stages" ? app.stageNames(path) : app.buildArgumentNames(path);
    }
    default:
      return source satisfies never;
  }
}

/** The flags' values as the command itself would read them: from the line, the environment and the configuration. */
async function settingsOf(
  { given, positional }: ReadWords,
  command: CommandEntry,
  commands: readonly CommandEntry[],
): Promise<ReadonlyMap<string, string>> {
  const typed = [...given].flatMap(([name, values]): [string, string][] => {
    const value = values.at(-1);
    return value === undefined ? [] : [[name, value]];
  });
  try {
    const all = keysOf(flagsOf(commands.find(({ id }) => id === "build") ?? command));
    const wanted = ["kubeconfig", "context", "namespace", ...(command.id === "build" ? ["file"] : [])];
    const keys = Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
    const path = positional[0] ?? ".";
    const configurations = await findConfigurations(all, surroundings());
    const inputs = {
      configurations,
      env: process.env,
      cwd: workingDirectory(),
      dockerfile: dockerfilePath(path, undefined),
    };
    const { args } = resolveSettings(keys, new Set(given.keys()), await sourcesOf(inputs, keys));
    const configured = args.map((arg): [string, string] => {
      const equals = arg.indexOf("=");
      return [arg.slice(2, equals), arg.slice(equals + 1)];
    });
    return new Map([...configured, ...typed]);
  } catch {
    // A broken configuration is reported by the command itself.
    return new Map(typed);
  }
}

function flagsOf(command: CommandEntry): Readonly<Record<string, FlagDescription>> {
  return command.flags as Readonly<Record<string, FlagDescription>>;
}

async function bakeTargets({ given }: ReadWords): Promise<readonly Candidate[]> {
  const { bakeNames } = await import("../bake/reader.ts");
  return bakeNames(given.get("file") ?? [], given.get("var") ?? [], process.env, workingDirectory());
}
