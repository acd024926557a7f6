/** The help of a command, as docker prints its own: the usage line first, then the commonest flags, then the rest by group. */
import type { Config, Interfaces } from "@oclif/core";
import { print } from "../../lib/terminal/output.ts";
import { columns, wrap, wrapCommand, wrapText } from "./wrap.ts";

/** The flags that most builds are about, in this order. The others are listed by group. */
const COMMON: readonly string[] = [
  "tag",
  "file",
  "build-arg",
  "target",
  "builder",
  "namespace",
  "platform",
  "cache",
  "keep",
  "secret",
  "output",
  "load",
  "no-cache",
  "quiet",
  "progress",
];
/** Only commands with so many groups of flags have the commonest ones of all of them first. */
const MANY_GROUPS = 4;

const OWN_OPTIONS: readonly (readonly [string, string])[] = [
  ["  -h, --help", "print the help of slipway or of a command"],
  ["  -v, --version", "print the version"],
];

const MIN_WIDTH = 20;
const DEFAULT_WIDTH = 80;

type Flag = Interfaces.FlagInput[string] & { readonly name: string };

/** A command as oclif's manifest has it. */
export type HelpedCommand = Pick<
  NonNullable<ReturnType<Config["findCommand"]>>,
  "id" | "summary" | "description" | "usage" | "examples" | "args" | "flags" | "strict" | "hidden"
>;

/** Columns to print in: those of the terminal, else of COLUMNS, else 80. */
export function helpWidth(stream: { readonly columns?: number | undefined }, env: NodeJS.ProcessEnv): number {
  const width = stream.columns ?? Number(env["COLUMNS"] || Number.NaN);
  return Number.isFinite(width) && width > 0 ? Math.max(MIN_WIDTH, Math.floor(width)) : DEFAULT_WIDTH;
}

/** Prints the help of a command or a topic; of the program if `id` is neither. */
export function printHelp(config: Config, id: string): void {
  const width = helpWidth(process.stdout, process.env);
  const command = config.findCommand(id);
  const commands = config.commands.filter(({ hidden }) => !hidden);
  const isTopic = command !== undefined || config.findTopic(id) !== undefined;
  const lines: readonly string[] = isTopic
    ? commandHelp(command, id, commands, width)
    : programHelp(config, commands, width);
  print(`${lines.join("\n")}\n`);
}

/** @param command undefined for a topic without a command of its own: `imagetools` */
export function commandHelp(
  command: HelpedCommand | undefined,
  id: string,
  commands: readonly HelpedCommand[],
  width: number,
): string[] {
  const below = commands.filter((one) => one.id.startsWith(`${id}:`));
  const summary = command?.summary ?? below.map((one) => one.summary).find((text) => text !== undefined) ?? "";
  const usage = command === undefined ? `${spoken(id)} COMMAND` : usageOf(command);
  const sections: readonly (readonly string[])[] = [
    usageLines(usage, width),
    command === undefined ? [] : wrap(`${render(summary)}.`, width),
    ...(command === undefined ? [] : [examplesOf(command, width), argumentsOf(command, width)]),
    list("Commands:", below.map(rowOf), width),
    ...(command === undefined ? [] : [flagSections(command, width), descriptionOf(command, width)]),
    ...(below.length === 0
      ? []
      : [wrap(`Run \`slipway ${spoken(id)} COMMAND --help\` for the help of one of them.`, width)]),
  ];
  return joined(sections);
}

export function programHelp(config: Config, commands: readonly HelpedCommand[], width: number): string[] {
  const rows = new Map<string, string>();
  for (const { id, summary = "" } of commands.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const [first = ""] = id.split(":");
    if (!rows.has(first)) rows.set(first, summaryOfTopic(config, first) ?? render(summary));
  }
  return joined([
    usageLines("COMMAND", width),
    wrap(render(config.pjson.description ?? ""), width),
    list(
      "Commands:",
      [...rows].map(([name, summary]): readonly [string, string] => [`  ${name}`, summary]),
      width,
    ),
    list("Options:", OWN_OPTIONS, width),
    wrap("Run `slipway COMMAND --help` for the help of a command.", width),
  ]);
}

function summaryOfTopic(config: Config, name: string): string | undefined {
  return config.findCommand(name)?.summary ?? config.findTopic(name)?.description;
}

/** Without empty sections, and with an empty line between two. */
function joined(sections: readonly (readonly string[])[]): string[] {
  return sections.filter((lines) => lines.length > 0).flatMap((lines, at) => (at === 0 ? lines : ["", ...lines]));
}

function usageLines(usage: string, width: number): string[] {
  const prefix = "Usage:  ";
  const whole = `${prefix}slipway ${usage}`;
  if (whole.length <= width) return [whole];
  const [first = "", ...rest] = wrap(`slipway ${usage}`, width - prefix.length);
  return [prefix + first, ...rest.map((line) => " ".repeat(prefix.length) + line)];
}

function usageOf({ id, usage, args, flags, strict }: HelpedCommand): string {
  if (typeof usage === "string") return usage;
  const names = Object.values(args).filter(({ hidden }) => !hidden);
  const many = strict === false ? "..." : "";
  const positional = names.map(({ name, required }) => {
    const shown = `${name.toUpperCase()}${many}`;
    return required === true ? shown : `[${shown}]`;
  });
  const options = visibleFlags(flags).length === 0 ? [] : ["[OPTIONS]"];
  return [spoken(id), ...options, ...positional].join(" ");
}

function spoken(id: string): string {
  return id.replaceAll(":", " ");
}

/** The manifest's texts name the program by oclif's template. */
function render(text: string): string {
  return text.replaceAll("<%= config.bin %>", "slipway");
}

function list(title: string, rows: readonly (readonly [string, string])[], width: number): string[] {
  return rows.length === 0 ? [] : [...wrap(title, width), ...columns(rows, width)];
}

function rowOf({ id, summary = "" }: HelpedCommand): readonly [string, string] {
  return [`  ${spoken(id).split(" ").at(-1)}`, render(summary)];
}

function examplesOf({ examples = [] }: HelpedCommand, width: number): string[] {
  if (!Array.isArray(examples) || examples.length === 0) return [];
  const lines = examples.flatMap((example) =>
    wrapCommand(render(typeof example === "string" ? example : example.command), width - 2),
  );
  return ["Examples:", ...lines.map((line) => `  ${line}`)];
}

function argumentsOf({ args, strict }: HelpedCommand, width: number): string[] {
  const rows = Object.values(args)
    .filter(({ hidden, description }) => hidden !== true && description !== undefined)
    .map(
      ({ name, description = "" }) => [`  ${name.toUpperCase()}${strict === false ? "..." : ""}`, description] as const,
    );
  return list("Arguments:", rows, width);
}

function visibleFlags(flags: HelpedCommand["flags"]): Flag[] {
  return Object.entries(flags)
    .map(([name, flag]) => ({ ...flag, name }) as Flag)
    .filter(({ hidden }) => !hidden);
}

function flagSections({ flags }: HelpedCommand, width: number): string[] {
  const groups = new Map<string, Flag[]>();
  const visible = visibleFlags(flags);
  const isLong = new Set(visible.map(({ helpGroup = "" }) => helpGroup)).size >= MANY_GROUPS;
  const common = isLong ? COMMON.flatMap((name) => visible.filter((flag) => flag.name === name)) : [];
  groups.set("Options:", common);
  for (const flag of visible.filter((one) => !common.includes(one))) {
    const title = titleOf(flag.helpGroup, isLong && common.length > 0);
    groups.set(title, [...(groups.get(title) ?? []), flag]);
  }
  // Without a group of their own, the command's flags come before those that it shares with others.
  return joined([...groups].map(([title, of]) => list(title, of.map(flagRow), width)));
}

/** Docker's own flags have no group here. */
function titleOf(group: string | undefined, isLong: boolean): string {
  if (group === undefined || group === "DOCKER") return isLong ? "More options:" : "Options:";
  return `${group.charAt(0)}${group.slice(1).toLowerCase()} options:`;
}

function flagRow(flag: Flag): readonly [string, string] {
  const negated = flag.type === "boolean" && flag.allowNo ? "[no-]" : "";
  const name = `${flag.char === undefined ? "    " : `-${flag.char}, `}--${negated}${flag.name}`;
  return [`  ${name}${valueOf(flag)}`, describe(flag)];
}

/** `--cache[=REF]` takes its value only after an equals sign. */
function valueOf(flag: Flag): string {
  if (flag.type === "boolean") return "";
  const shown = flag.helpValue ?? (flag.options === undefined ? flag.name.split("-").at(-1)?.toUpperCase() : "MODE");
  const text = Array.isArray(shown) ? shown.join(" ") : (shown ?? "");
  return text.startsWith("[=") ? text : ` ${text}`;
}

function describe(flag: Flag): string {
  const options = flag.type === "option" && flag.options !== undefined ? `: ${flag.options.join(", ")}` : "";
  const standard: unknown = flag.default;
  const isShown = flag.type === "option" && (typeof standard === "string" || typeof standard === "number");
  const value = isShown ? ` (default: ${standard})` : "";
  return `${render(flag.summary ?? flag.description ?? "")}${options}${value}`;
}

function descriptionOf({ description = "" }: HelpedCommand, width: number): string[] {
  return description === "" ? [] : wrapText(render(description), width);
}
