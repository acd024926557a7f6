/** Breaks help texts into lines that fit a terminal. */

/** Where a word that is longer than a line may be broken: after these. */
const JOINTS = /(?<=[|,=/\]])/;

/** The lines of one paragraph, each of at most `width` characters. A word is only broken if it is longer than a line. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  const room = (): number => width - line.length - (line === "" ? 0 : 1);
  const end = (): void => {
    if (line !== "") lines.push(line);
    line = "";
  };
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (word.length > room()) end();
    if (word.length <= width) {
      line += `${line === "" ? "" : " "}${word}`;
      continue;
    }
    for (const part of word.split(JOINTS)) {
      if (line.length + part.length > width) end();
      let rest = part;
      for (; rest.length > width; rest = rest.slice(width)) lines.push(rest.slice(0, width));
      line += rest;
    }
  }
  end();
  return lines;
}

/** The lines of a text of several paragraphs. A line that begins with spaces is a line of a table, and stays one. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let paragraph = "";
  const end = (): void => {
    lines.push(...wrap(paragraph, width));
    paragraph = "";
  };
  for (const line of text.split("\n")) {
    const [indent = ""] = /^ */.exec(line) ?? [];
    if (line.trim() === "") {
      end();
      lines.push("");
    } else if (indent !== "") {
      end();
      lines.push(...hanging(line, width));
    } else if (line.endsWith(":")) {
      paragraph += ` ${line}`;
      end();
    } else paragraph += ` ${line}`;
  }
  end();
  return lines;
}

/** A line of a table whose first column is one word: `  125  wrong usage`. */
function hanging(line: string, width: number): string[] {
  const [first = ""] = /^ *\S+ */.exec(line) ?? [];
  const rest = line.slice(first.length);
  const least = 10;
  const indent = width - first.length >= least ? first.length : 2;
  return wrap(rest, Math.max(width - indent, 1)).map((part, at) =>
    at === 0 && indent === first.length ? first + part : " ".repeat(indent) + part,
  );
}

/** The widest the first column of a list is, and what is needed beside it. Below that, the second column stands under the first. */
const MAX_LEFT = 34;
const MIN_RIGHT = 30;
const GAP = 2;

/**
 * Two columns, or, on a narrow terminal, the second under the first.
 * @param rows each with a first column that is not broken where it fits
 */
export function columns(rows: readonly (readonly [left: string, right: string])[], width: number): string[] {
  const longest = Math.max(0, ...rows.map(([left]) => left.length).filter((length) => length <= MAX_LEFT));
  const beside = longest + GAP;
  if (width - beside < MIN_RIGHT) return rows.flatMap(([left, right]) => stacked(left, right, width));
  return rows.flatMap(([left, right]) => {
    const [first = "", ...rest] = wrap(right, width - beside);
    const further = rest.map((line) => " ".repeat(beside) + line);
    if (left.length <= longest) return [`${left.padEnd(beside)}${first}`.trimEnd(), ...further];
    return [...label(left, width), ...[first, ...rest].map((line) => (" ".repeat(beside) + line).trimEnd())];
  });
}

function stacked(left: string, right: string, width: number): string[] {
  return [...label(`  ${left.trim()}`, width), ...wrap(right, width - 6).map((line) => `      ${line}`)];
}

/** A first column by itself, broken only where it is longer than the line. */
function label(left: string, width: number): string[] {
  if (left.length <= width) return [left];
  const indent = left.length - left.trimStart().length;
  return wrap(left.trim(), width - indent).map((line) => " ".repeat(indent) + line);
}

/** A command to copy: broken only between its args, with the shell's sign for that. */
export function wrapCommand(command: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  // Quoted text is one arg.
  for (const word of command.match(/(?:'[^']*'|"[^"]*"|\S)+/g) ?? []) {
    if (line !== "" && line.length + word.length + " \\".length >= width) {
      lines.push(`${line} \\`);
      line = `  ${word}`;
    } else line += `${line === "" ? "" : " "}${word}`;
  }
  return [...lines, line];
}
