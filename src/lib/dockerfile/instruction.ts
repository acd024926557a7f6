import { refuseLine } from "./faults.ts";
import type { Heredoc } from "./heredoc.ts";
import type { LogicalLine } from "./lines.ts";
import { nearest } from "../text/suggest.ts";
import { splitWords, unquote } from "./words.ts";

/** `--name=value`, or only `--name`. Variables in the value are not expanded. */
export interface Flag {
  readonly name: string;
  readonly value: string | undefined;
}

export interface Instruction {
  /** In upper case. */
  readonly keyword: string;
  /** First line, 1-based; `endLine` is the last one. */
  readonly line: number;
  readonly endLine: number;
  readonly flags: readonly Flag[];
  /** The text after keyword and flags, as written, with continuation lines joined. */
  readonly operand: string;
  readonly heredocs: readonly Heredoc[];
  /** The comments directly above the instruction. */
  readonly comments: readonly string[];
  /** The instruction that an ONBUILD stores. */
  readonly trigger?: Instruction;
}

const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER " +
    "VOLUME WORKDIR"
  ).split(" "),
);
const NOT_AFTER_ONBUILD: ReadonlySet<string> = new Set(["FROM", "MAINTAINER"]);
/** Instructions with flags before their operand. In others `--x` is part of the operand. */
const WITH_FLAGS: ReadonlySet<string> = new Set(["ADD", "COPY", "FROM", "HEALTHCHECK", "RUN"]);
const WITH_PAIRS: ReadonlySet<string> = new Set(["ENV", "LABEL"]);

/** Reads one logical line. */
export function readInstruction(source: LogicalLine, escape: string): Instruction {
  const [head = "", word = ""] = /^(\S+)\s*/.exec(source.text) ?? [];
  const rest = source.text.slice(head.length);
  const keyword = word.toUpperCase();
  const { line, endLine, heredocs, comments } = source;
  if (!KEYWORDS.has(keyword)) refuseKeyword(line, word);
  if (keyword === "ONBUILD") {
    if (rest === "") refuseLine(line, "ONBUILD requires at least one argument");
    const trigger = readInstruction({ ...source, text: rest }, escape);
    if (trigger.keyword === "ONBUILD") refuseLine(line, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (NOT_AFTER_ONBUILD.has(trigger.keyword))
      refuseLine(line, `${trigger.keyword} isn't allowed as an ONBUILD trigger`);
    return { keyword, line, endLine, flags: [], operand: rest, heredocs, comments, trigger };
  }
  const { flags, operand } = WITH_FLAGS.has(keyword) ? readFlags(rest, escape) : { flags: [], operand: rest };
  if (WITH_PAIRS.has(keyword)) checkPairs(keyword, line, operand, escape);
  return { keyword, line, endLine, flags, operand, heredocs, comments };
}

/** Checks for `NAME=VALUE…` or the legacy form `NAME VALUE`; anything else gets docker's message. */
function checkPairs(keyword: string, line: number, operand: string, escape: string): void {
  const words = splitWords(operand, escape);
  if (words[0]?.includes("=") === true) {
    const bare = words.find((word) => !word.includes("="));
    if (bare !== undefined) {
      const reason = `Syntax error - can't find = in ${JSON.stringify(bare)}. Must be of the form: name=value`;
      refuseLine(line, reason, ["Put a value that contains spaces in quotes."]);
    }
  } else if (words.length === 1)
    refuseLine(line, `${keyword} must have two arguments`, [`Write: ${keyword} NAME=VALUE`]);
}

function readFlags(text: string, escape: string): { flags: Flag[]; operand: string } {
  const flags: Flag[] = [];
  let operand = text;
  while (operand.startsWith("--")) {
    const [first = ""] = splitWords(operand, escape, 1);
    operand = operand.slice(first.length).trimStart();
    if (first === "--") break;
    const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(unquote(first, escape)) ?? [];
    flags.push({ name, value });
  }
  return { flags, operand };
}

function refuseKeyword(line: number, word: string): never {
  const keyword = word.toUpperCase();
  const near = nearest(keyword, KEYWORDS, (known) => (known.length > 3 ? 2 : 1));
  refuseLine(line, `unknown instruction: ${shorten(word)}${near === undefined ? "" : ` (did you mean ${near}?)`}`, [
    "If this line continues the one before, that one must end with a backslash, with only spaces after it.",
  ]);
}

/** A file that is not a Dockerfile may have words of a megabyte, and control characters that must not reach a terminal. */
function shorten(word: string): string {
  const visible = word.replaceAll(/[^\p{L}\p{N}\p{P}\p{S}]/gu, "\uFFFD");
  return visible.length > 60 ? `${visible.slice(0, 60)}…` : visible;
}
