/** What may stand at the cursor of an unfinished command line. Pure but for `Sources`, which are asked only when their answer is needed. */
import { readWords } from "./read-words.ts";
import type { KnownFlag, ReadWords } from "./read-words.ts";
import { POSITIONALS, VALUES } from "./values.ts";
import type { Kind } from "./values.ts";

/** How the shell should treat an answer: the bits of cobra's ShellCompDirective. */
export const DIRECTIVE = {
  files: 0,
  /** No space after the word: it is not finished. */
  noSpace: 2,
  /** No names of files, though there is no other answer. */
  noFiles: 4,
  directories: 16,
} as const;

export interface Candidate {
  readonly value: string;
  readonly description?: string | undefined;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly directive: number;
}

/** A flag of oclif's manifest. */
interface FlagEntry {
  readonly type: string;
  readonly char?: string | undefined;
  readonly multiple?: boolean | undefined;
  readonly hidden?: boolean | undefined;
  readonly allowNo?: boolean | undefined;
  readonly description?: string | undefined;
  readonly summary?: string | undefined;
  readonly options?: readonly string[] | undefined;
}

/** A command of oclif's manifest. */
export interface CommandEntry {
  readonly id: string;
  readonly hidden?: boolean | undefined;
  readonly hiddenAliases?: readonly string[] | undefined;
  readonly summary?: string | undefined;
  readonly strict?: boolean | undefined;
  readonly flags: Readonly<Record<string, FlagEntry>>;
  readonly args: Readonly<Record<string, { readonly options?: readonly string[] | undefined }>>;
}

/** What only files or the cluster know. Each answers with an empty list when it cannot know. */
export type Source =
  | "contexts"
  | "namespaces"
  | "builds"
  | "running-builds"
  | "kept-builders"
  | "kept-contexts"
  | "stages"
  | "build-arguments"
  | "bake-targets";

/** @param read the rest of the command line, which says which cluster and which Dockerfile */
export type Ask = (source: Source, read: ReadWords, command: CommandEntry) => Promise<readonly Candidate[]>;

/** @param withoutValue names of the flags that may stand without a value */
export async function complete(
  words: readonly string[],
  commands: readonly CommandEntry[],
  withoutValue: Readonly<Record<string, string>>,
  ask: Ask,
): Promise<Completion> {
  const typed = words.at(-1) ?? "";
  const { command, names } = findCommand(words.slice(0, -1), commands);
  const subcommands = subcommandsOf(names, commands);
  if (command === undefined) return answer(typed.startsWith("-") ? GENERAL_FLAGS : subcommands, typed);
  const flags = knownFlags(command, withoutValue);
  const read = readWords(words.slice(names.length), flags);
  if (read.flag !== undefined) {
    const { name } = read.flag;
    const { options } = command.flags[name] ?? {};
    const kind = options ?? VALUES[`${command.id} ${name}`] ?? VALUES[name] ?? [];
    return complyWith(kind, read, command, ask);
  }
  if (!read.noFlags && read.typed.startsWith("-") && read.typed !== "-") {
    return answer(flagCandidates(command, read), read.typed, DIRECTIVE.noFiles);
  }
  if (read.positional.length === 0 && subcommands.length > 0 && POSITIONALS[command.id] === undefined) {
    return answer(subcommands, read.typed);
  }
  const positional = await completePositional(read, command, ask);
  const flagsToo = read.typed === "-" && !read.noFlags ? flagCandidates(command, read) : [];
  return flagsToo.length === 0
    ? positional
    : answer([...positional.candidates, ...flagsToo], read.typed, DIRECTIVE.noFiles);
}

const GENERAL_FLAGS: readonly Candidate[] = [
  { value: "--help", description: "show help" },
  { value: "--version", description: "show the version" },
];

/** The longest command that the words begin with. `help COMMAND` is completed as COMMAND is. */
function findCommand(
  words: readonly string[],
  commands: readonly CommandEntry[],
): { readonly command: CommandEntry | undefined; readonly names: readonly string[] } {
  const word = words.findIndex((one) => one.startsWith("-"));
  const plain = word === -1 ? words : words.slice(0, word);
  for (let length = Math.min(plain.length, 2); length > 0; length -= 1) {
    const id = plain.slice(0, length).join(":");
    const command = commands.find((known) => known.id === id || known.hiddenAliases?.includes(id) === true);
    if (command !== undefined) return { command, names: plain.slice(0, length) };
  }
  return { command: undefined, names: plain };
}

/** The next words of the commands that begin with these names. */
function subcommandsOf(names: readonly string[], commands: readonly CommandEntry[]): readonly Candidate[] {
  const before = names[0] === "help" ? names.slice(1) : names;
  const found = new Map<string, string | undefined>();
  if (names.length === 0) found.set("help", "show help for a command");
  for (const { id, hidden, summary } of commands) {
    const parts = id.split(":");
    const next = parts[before.length];
    if (hidden === true || next === undefined || !before.every((name, index) => parts[index] === name)) continue;
    if (parts.length === before.length + 1) found.set(next, summary);
    else if (!found.has(next)) found.set(next, undefined);
  }
  return [...found].map(([value, description]) => ({ value, description })).toSorted(byValue);
}

function byValue(a: Candidate, b: Candidate): number {
  return a.value < b.value ? -1 : 1;
}

function knownFlags({ flags }: CommandEntry, withoutValue: Readonly<Record<string, string>>): KnownFlag[] {
  return Object.entries(flags).map(([name, { type, char, multiple }]) => ({
    name,
    char,
    takesValue: type !== "boolean",
    repeatable: multiple === true,
    withoutValue: Object.hasOwn(withoutValue, name),
  }));
}

function flagCandidates({ flags }: CommandEntry, { given }: ReadWords): Candidate[] {
  const open = Object.entries(flags).filter(
    ([name, { hidden, multiple }]) => hidden !== true && (multiple === true || !given.has(name)),
  );
  const listed = open.flatMap(([name, { description, summary, allowNo }]) => [
    { value: `--${name}`, description: summary ?? description },
    ...(allowNo === true ? [{ value: `--no-${name}` }] : []),
  ]);
  return [...listed, { value: "--help", description: "show help" }].toSorted(byValue);
}

async function completePositional(read: ReadWords, command: CommandEntry, ask: Ask): Promise<Completion> {
  const args = Object.values(command.args);
  const options = args[read.positional.length]?.options;
  const takesMore = command.strict === false || read.positional.length < args.length;
  if (!takesMore) return { candidates: [], directive: DIRECTIVE.noFiles };
  const completion = await complyWith(options ?? POSITIONALS[command.id] ?? [], read, command, ask);
  const candidates = completion.candidates.filter(({ value }) => !read.positional.includes(value));
  return { ...completion, candidates };
}

async function complyWith(kind: Kind, read: ReadWords, command: CommandEntry, ask: Ask): Promise<Completion> {
  if (kind === "files") return { candidates: [], directive: DIRECTIVE.files };
  if (kind === "directories") return { candidates: [], directive: DIRECTIVE.directories };
  if (typeof kind !== "string") {
    const open = kind.some((value) => value.startsWith(read.typed) && value.endsWith("="));
    return answer(
      kind.map((value) => ({ value })),
      read.typed,
      DIRECTIVE.noFiles | (open ? DIRECTIVE.noSpace : 0),
    );
  }
  const found = await ask(kind, read, command);
  const noSpace = kind === "build-arguments" ? DIRECTIVE.noSpace : 0;
  return answer(found, read.typed, DIRECTIVE.noFiles | noSpace);
}

/**
 * Characters that no shell gives a meaning to. Names come from Dockerfiles and kubeconfigs of others too, and the shell inserts a
 * candidate as it is: `a$(command)` would run the command.
 */
const PLAIN = /^[A-Za-z0-9._/:=@,+-]+$/;

/** Only what continues the word. */
function answer(candidates: readonly Candidate[], typed: string, directive: number = DIRECTIVE.noFiles): Completion {
  return {
    candidates: candidates.filter(({ value }) => value.startsWith(typed) && PLAIN.test(value)),
    directive,
  };
}

/** The answer in cobra's form: a line for each candidate with its description after a tab, then `:` and the directive. */
export function printCompletion({ candidates, directive }: Completion, withDescriptions: boolean): string {
  const lines = candidates.map(({ value, description }) =>
    withDescriptions && description !== undefined && description !== ""
      ? `${value}\t${description.replaceAll(/[\p{Cc}\p{Cf}]/gu, " ")}`
      : value,
  );
  return `${[...lines, `:${directive}`].join("\n")}\n`;
}
