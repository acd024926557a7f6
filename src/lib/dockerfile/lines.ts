/**
 * Splits a Dockerfile into logical lines by the rules of BuildKit's parser
 * (https://github.com/moby/buildkit/blob/master/frontend/dockerfile/parser/parser.go).
 */
import { InvalidInput } from "../../errors.ts";
import { refuseLine } from "./faults.ts";
import { findHeredocs, type Heredoc } from "./heredoc.ts";

/** One instruction with its continuation lines joined. */
export interface LogicalLine {
  readonly text: string;
  /** First physical line, 1-based; `endLine` is the last one, heredocs included. */
  readonly line: number;
  readonly endLine: number;
  readonly heredocs: readonly Heredoc[];
  /** The comments before it, without `#`, back to the previous instruction or an empty comment. Directives do not count. */
  readonly comments: readonly string[];
}

/** Parser directives at the top of the file, by lower-case name: `syntax`, `escape`, `check`. */
export type Directives = ReadonlyMap<string, string>;

export interface Source {
  readonly directives: Directives;
  readonly lines: readonly LogicalLine[];
  /** The character that continues a line and escapes the next character. */
  readonly escape: string;
}

const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*)$/;
const KNOWN_DIRECTIVES: ReadonlySet<string> = new Set(["syntax", "escape", "check"]);

/**
 * Splits a Dockerfile into logical lines.
 * @throws InvalidInput if it has no instructions, or a heredoc does not end
 */
export function splitLines(text: string): Source {
  const rows = text.replace(/^\uFEFF/, "").split("\n");
  // The last line feed ends the last line; no further line follows it.
  if (rows.at(-1) === "") rows.pop();
  const directives = readDirectives(rows);
  const escape = directives.get("escape") ?? "\\";
  const lines: LogicalLine[] = [];
  let comments: string[] = [];

  for (let at = 0; at < rows.length; at += 1) {
    const first = at;
    if (isComment(rows[at])) {
      const comment = (rows[at] ?? "").trim().slice(1).trim();
      if (comment === "") comments = [];
      else if (at >= directives.size) comments.push(comment);
      continue;
    }
    let { kept, continues } = trimContinuation(trimEnd(rows[at]).trimStart(), escape);
    if (kept === "" && !continues) continue;
    const parts = [kept];
    // Comments and empty lines between the parts of an instruction are skipped, as docker does with a warning.
    while (continues && at + 1 < rows.length) {
      at += 1;
      const row = trimEnd(rows[at]);
      if (isComment(row) || row.trim() === "") continue;
      ({ kept, continues } = trimContinuation(row, escape));
      parts.push(kept);
    }
    const joined = parts.join("").trim();
    const heredocs: Heredoc[] = [];
    for (const heredoc of findHeredocs(joined)) {
      const content: string[] = [];
      for (;;) {
        at += 1;
        const row = rows[at];
        if (row === undefined)
          refuseLine(first + 1, "unterminated heredoc", [`End it with a line that contains only ${heredoc.name}.`]);
        const end = trimEnd(row);
        if ((heredoc.chomp ? end.replace(/^\t+/, "") : end) === heredoc.name) break;
        content.push(`${row}\n`);
      }
      heredocs.push({ ...heredoc, content: content.join("") });
    }
    lines.push({ text: joined, line: first + 1, endLine: at + 1, heredocs, comments });
    comments = [];
  }
  if (lines.length === 0) {
    throw new InvalidInput("file with no instructions", {
      docker: "refuses",
      suggestions: ["A Dockerfile begins with FROM and an image."],
    });
  }
  return { directives, lines, escape };
}

function readDirectives(rows: readonly string[]): Directives {
  const directives = new Map<string, string>();
  for (const [index, row] of rows.entries()) {
    const [, key = "", value = ""] = DIRECTIVE.exec(row.trim()) ?? [];
    const name = key.toLowerCase();
    if (!KNOWN_DIRECTIVES.has(name)) break;
    if (directives.has(name)) refuseLine(index + 1, `only one ${name} parser directive can be used`);
    if (name === "escape" && value !== "\\" && value !== "`") {
      refuseLine(index + 1, `invalid escape token '${value}' does not match \` or \\`);
    }
    directives.set(name, value);
  }
  return directives;
}

/** Removes the carriage returns of Windows line ends. */
function trimEnd(row = ""): string {
  return cutEnd(row, "\r");
}

function isComment(row: string | undefined): boolean {
  return row !== undefined && row.trimStart().startsWith("#");
}

/** A line continues if it ends with one escape character, blanks after it allowed. Two escape characters do not continue it. */
function trimContinuation(row: string, escape: string): { kept: string; continues: boolean } {
  const end = cutEnd(row, " \t");
  if (!end.endsWith(escape) || end.endsWith(escape + escape)) return { kept: row, continues: false };
  return { kept: end.slice(0, -1), continues: true };
}

/** Not a regular expression: it would take quadratic time on blanks that are not at the end. */
function cutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] ?? "")) end -= 1;
  return text.slice(0, end);
}
