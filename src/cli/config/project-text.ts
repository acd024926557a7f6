/** The text of a project's file with the answers of `slipway init`. Everything else in it stays as it is. Pure. */
import { load } from "js-yaml";
import { InvalidInput } from "../../errors.ts";

export type Settings = Readonly<Record<string, string>>;

export interface SettingsText {
  readonly text: string;
  /** The lines that change, as a diff shows them: `- builder: kaniko`, `+ builder: buildkit`. Empty if nothing changes. */
  readonly changes: readonly string[];
}

const HEADER =
  "# Settings of slipway for builds in this directory and below. `slipway config` prints all that are in force.\n";

/** What holds without the key: a new file does not need it. */
const DEFAULTS: Settings = { builder: "auto" };

/**
 * @param old the file's text; undefined if there is none
 * @throws InvalidInput if the file cannot be changed line by line
 */
export function settingsText(path: string, old: string | undefined, settings: Settings): SettingsText {
  const changes: string[] = [];
  const lines = (old ?? HEADER).split("\n");
  if (lines.at(-1) === "") lines.pop();
  const before = old === undefined ? {} : mappingOf(path, old);
  for (const [key, value] of Object.entries(settings)) {
    if ((before[key] ?? DEFAULTS[key]) === value) continue;
    const line = `${key}: ${scalar(value)}`;
    const at = lines.findIndex((one) => one.startsWith(`${key}:`));
    if (at >= 0) {
      changes.push(`- ${lines[at]}`);
      lines[at] = line;
    } else lines.push(line);
    changes.push(`+ ${line}`);
  }
  const text = `${lines.join("\n")}\n`;
  const after = mappingOf(path, text);
  const isKept = Object.keys({ ...before, ...after }).every((key) =>
    Object.hasOwn(settings, key)
      ? (after[key] ?? DEFAULTS[key]) === settings[key]
      : JSON.stringify(after[key]) === JSON.stringify(before[key]),
  );
  if (!isKept) throw unchangeable(path, "one of its settings is written in several lines");
  return { text, changes };
}

/** YAML reads some words as something else than text. */
function scalar(value: string): string {
  return load(value) === value && !/[#:] |[ ]/.test(value) ? value : JSON.stringify(value);
}

function mappingOf(path: string, text: string): Readonly<Record<string, unknown>> {
  let read: unknown;
  try {
    read = text.trim() === "" ? {} : load(text);
  } catch {
    throw unchangeable(path, "it is not valid YAML");
  }
  if (read === undefined || read === null) return {};
  if (typeof read !== "object" || Array.isArray(read)) throw unchangeable(path, "it is not a map of settings");
  return read as Readonly<Record<string, unknown>>;
}

function unchangeable(path: string, reason: string): InvalidInput {
  return new InvalidInput(`${path} cannot be changed here: ${reason}`, {
    suggestions: ["Change it in an editor, or move it away and run `slipway init` again."],
  });
}
