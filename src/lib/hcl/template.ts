/** Templates: quoted texts, heredocs and the texts of JSON files, with `${}` and `%{}` in them. */
import type { Scanner, Token } from "./scanner.ts";
import { HclError, between } from "./source.ts";
import type { Range } from "./source.ts";
import type { Expression, ForExpression } from "./syntax.ts";
import { text } from "./value.ts";

/** Reads an expression from the scanner. */
type ReadExpression = (scanner: Scanner) => Expression;

type Part =
  | { kind: "text"; value: string; readonly range: Range }
  | { readonly kind: "value"; readonly expression: Expression; readonly range: Range }
  | { readonly kind: "if"; readonly condition: Expression; readonly range: Range }
  | { readonly kind: "for"; readonly names: readonly string[]; readonly collection: Expression; readonly range: Range }
  | { readonly kind: "else" | "endif" | "endfor"; readonly range: Range };

const QUOTED_CHUNK = /(?:\$\$\{|%%\{|\$(?!\{)|%(?!\{))|(?:\\[^\r\n]|[^$%"\\\r\n])+/y;
const LINE_CHUNK = /(?:\$\$\{|%%\{|\$(?!\{)|%(?!\{)|[^$%\r\n]|\r(?!\n))+/y;
const LINE_END = /\r?\n/y;

/** Go's spaces, which differ from JavaScript's. */
const LEADING_SPACES = /^[\t\n\v\f\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+/u;

function withoutTrailingSpaces(value: string): string {
  let end = value.length;
  while (end > 0 && LEADING_SPACES.test(value.charAt(end - 1))) end -= 1;
  return value.slice(0, end);
}

/** Starts after the opening quote and ends after the closing one. */
export function readQuoted(scanner: Scanner, open: Token, readExpression: ReadExpression): Expression {
  const parts = readParts(scanner, readExpression, {
    chunk: (at) => quotedChunk(scanner, at),
    isEnd: (at) => scanner.source.text[at] === '"',
  });
  const close = scanner.offset;
  scanner.moveTo(close + 1);
  return templateOf(parts, between(open.range, scanner.rangeFrom(close, close + 1)));
}

/** Starts after the opening line and ends after the closing marker. */
export function readHeredoc(scanner: Scanner, open: Token, readExpression: ReadExpression): Expression {
  const marker = open.text.trim().replace(/^<<-?/, "");
  let isLineStart = true;
  const { text: whole } = scanner.source;
  const lineEnd = (at: number): number => {
    const end = whole.indexOf("\n", at);
    if (end === -1) throw new HclError(`the heredoc has no end: no line is ${marker}`, open.range);
    return end;
  };
  const parts = readParts(scanner, readExpression, {
    chunk: (at) => {
      const chunk = textChunk(whole, at) + (matchAt(LINE_END, whole, at + textChunk(whole, at).length) ?? "");
      isLineStart = chunk.endsWith("\n");
      if (!isLineStart && at + chunk.length >= whole.length) lineEnd(at);
      return { raw: chunk, value: unescaped(chunk) };
    },
    isEnd: (at) => {
      const wasLineStart = isLineStart;
      isLineStart = false;
      return wasLineStart && whole.slice(at, lineEnd(at)).trim() === marker;
    },
  });
  const start = scanner.offset;
  const end = lineEnd(start);
  scanner.moveTo(whole[end - 1] === "\r" ? end - 1 : end);
  if (open.text.startsWith("<<-")) removeIndent(parts);
  return templateOf(parts, between(open.range, scanner.rangeFrom(start, end)));
}

/** Reads the whole text as one template. */
export function readTemplate(scanner: Scanner, readExpression: ReadExpression): Expression {
  const { text: whole } = scanner.source;
  const start = scanner.offset;
  const parts = readParts(scanner, readExpression, {
    chunk: (at) => {
      const chunk = textChunk(whole, at) + (matchAt(LINE_END, whole, at + textChunk(whole, at).length) ?? "");
      return { raw: chunk, value: unescaped(chunk) };
    },
    isEnd: (at) => at >= whole.length,
  });
  return templateOf(parts, scanner.rangeFrom(start, whole.length));
}

function matchAt(pattern: RegExp, whole: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(whole)?.[0];
}

function textChunk(whole: string, at: number): string {
  return matchAt(LINE_CHUNK, whole, at) ?? "";
}

function unescaped(chunk: string): string {
  return chunk.replaceAll("$${", "${").replaceAll("%%{", "%{");
}

interface Chunk {
  readonly raw: string;
  readonly value: string;
}

function quotedChunk(scanner: Scanner, at: number): Chunk {
  const raw = matchAt(QUOTED_CHUNK, scanner.source.text, at);
  if (raw === undefined) {
    const isNewline = /[\r\n]/.test(scanner.source.text[at] ?? "");
    throw new HclError(
      isNewline ? "a quoted text must end on its line: write \\n, or use a heredoc" : "the quoted text has no end",
      scanner.rangeFrom(at, at + 1),
    );
  }
  const value = unescaped(raw).replace(/\\(?:u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)/gsu, (escape, index: number) => {
    const known = ESCAPES[escape];
    if (known !== undefined) return known;
    const code = /^\\[uU]([\da-fA-F]+)$/.exec(escape)?.[1];
    const point = code === undefined ? Number.NaN : Number.parseInt(code, 16);
    if (!(point <= 0x10ffff)) {
      throw new HclError(
        `${escape} is not an escape of HCL`,
        scanner.rangeFrom(at + index, at + index + escape.length),
      );
    }
    return point >= 0xd800 && point <= 0xdfff ? "\uFFFD" : String.fromCodePoint(point);
  });
  return { raw, value };
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\n": "\n",
  "\\r": "\r",
  "\\t": "\t",
  '\\"': '"',
  "\\\\": "\\",
};

interface Reader {
  readonly chunk: (at: number) => Chunk;
  /** Whether the template ends here. Called once for each position. */
  readonly isEnd: (at: number) => boolean;
}

function readParts(scanner: Scanner, readExpression: ReadExpression, { chunk, isEnd }: Reader): Part[] {
  const parts: Part[] = [];
  const { text: whole } = scanner.source;
  let at = scanner.offset;
  let trimsNext = false;
  while (!isEnd(at)) {
    const opener = /^[$%]\{~?/.exec(whole.slice(at, at + 3))?.[0];
    if (opener === undefined) {
      const { raw, value } = chunk(at);
      if (raw === "") throw new HclError("the template has no end", scanner.rangeFrom(at, at));
      parts.push({
        kind: "text",
        value: trimsNext ? value.replace(LEADING_SPACES, "") : value,
        range: scanner.rangeFrom(at, at + raw.length),
      });
      trimsNext = false;
      at += raw.length;
      continue;
    }
    const before = parts.at(-1);
    if (opener.endsWith("~") && before?.kind === "text") before.value = withoutTrailingSpaces(before.value);
    const start = at;
    scanner.moveTo(at + opener.length);
    const part = scanner.within(false, () =>
      opener.startsWith("$")
        ? readInterpolation(scanner, start, readExpression)
        : readControl(scanner, start, readExpression),
    );
    parts.push(part);
    at = part.range.end;
    trimsNext = whole[at - 2] === "~";
    scanner.moveTo(at);
  }
  scanner.moveTo(at);
  return parts;
}

function readClose(scanner: Scanner, start: number): Range {
  if (!scanner.isAt("}") && !scanner.isAt("~}")) {
    throw scanner.error("the sequence in the template must end with } here");
  }
  return scanner.rangeFrom(start, scanner.read().range.end);
}

function readInterpolation(scanner: Scanner, start: number, readExpression: ReadExpression): Part {
  const expression = readExpression(scanner);
  return { kind: "value", expression, range: readClose(scanner, start) };
}

function readControl(scanner: Scanner, start: number, readExpression: ReadExpression): Part {
  const { kind, text: keyword } = scanner.read();
  if (kind === "name" && keyword === "if") {
    const condition = readExpression(scanner);
    return { kind: "if", condition, range: readClose(scanner, start) };
  }
  if (kind === "name" && (keyword === "else" || keyword === "endif" || keyword === "endfor")) {
    return { kind: keyword, range: readClose(scanner, start) };
  }
  if (kind !== "name" || keyword !== "for") {
    throw new HclError("a template knows if, else, endif, for and endfor", scanner.lastRange);
  }
  const names = [readName(scanner)];
  if (scanner.skip(",")) names.push(readName(scanner));
  if (!scanner.isAtName("in")) throw scanner.error("`in` is missing in the for of the template");
  scanner.read();
  const collection = readExpression(scanner);
  return { kind: "for", names, collection, range: readClose(scanner, start) };
}

function readName(scanner: Scanner): string {
  if (scanner.peek().kind !== "name") throw scanner.error("a for in a template needs a name for its element");
  return scanner.read().text;
}

/** Removes the common indentation. */
function removeIndent(parts: readonly Part[]): void {
  let fewest = Number.POSITIVE_INFINITY;
  const leading: Extract<Part, { kind: "text" }>[] = [];
  let isLineStart = true;
  for (const part of parts) {
    if (isLineStart) {
      isLineStart = false;
      if (part.kind !== "text") fewest = 0;
      else {
        const spaces = LEADING_SPACES.exec(part.value)?.[0] ?? "";
        const isBlankLine = spaces.length === part.value.length && part.value.endsWith("\n");
        if (!isBlankLine) {
          fewest = Math.min(fewest, spaces.length);
          leading.push(part);
        }
      }
    }
    if (part.kind === "text" && part.value.endsWith("\n")) isLineStart = true;
  }
  for (const part of leading) part.value = part.value.slice(fewest);
}

/** Joins adjacent texts. */
function joined(parts: readonly Part[]): Part[] {
  const result: Part[] = [];
  for (const part of parts) {
    const before = result.at(-1);
    if (part.kind === "text" && before?.kind === "text") before.value += part.value;
    else result.push(part.kind === "text" ? { ...part } : part);
  }
  return result;
}

function templateOf(all: readonly Part[], range: Range): Expression {
  const parts = joined(all);
  const [only] = parts;
  if (parts.length === 1 && only?.kind === "value") {
    return { kind: "wrapped", inner: only.expression, isTemplate: true, range };
  }
  const reader = new PartReader(parts, range);
  const expressions = reader.readUntil([]);
  return { kind: "template", parts: expressions.length === 0 ? [literal("", range)] : expressions, range };
}

function literal(value: string, range: Range): Expression {
  return { kind: "literal", value: text(value), range };
}

/** Combines the parts from `if` to `endif`, and from `for` to `endfor`, into one expression. */
class PartReader {
  readonly #parts: readonly Part[];
  readonly #range: Range;
  #index = 0;

  constructor(parts: readonly Part[], range: Range) {
    this.#parts = parts;
    this.#range = range;
  }

  /** Reads up to one of the closing parts, which stays unread; without any, to the end. */
  readUntil(closing: readonly Part["kind"][], open?: Part): Expression[] {
    const expressions: Expression[] = [];
    for (;;) {
      const part = this.#parts[this.#index];
      if (part === undefined) {
        if (open === undefined) return expressions;
        throw new HclError(`the ${open.kind} of the template has no end${open.kind}`, open.range);
      }
      if (closing.includes(part.kind)) return expressions;
      this.#index += 1;
      expressions.push(this.#expressionOf(part));
    }
  }

  #expressionOf(part: Part): Expression {
    switch (part.kind) {
      case "text":
        return literal(part.value, part.range);
      case "value":
        return part.expression;
      case "if":
        return this.#conditional(part);
      case "for":
        return this.#loop(part);
      default:
        throw new HclError(`${part.kind} is not expected here in the template`, part.range);
    }
  }

  #section(expressions: readonly Expression[]): Expression {
    const parts = expressions.length === 0 ? [literal("", this.#range)] : expressions;
    return { kind: "template", parts, range: this.#range };
  }

  #conditional(open: Extract<Part, { kind: "if" }>): Expression {
    const whenTrue = this.readUntil(["else", "endif"], open);
    let whenFalse: Expression[] = [];
    if (this.#parts[this.#index]?.kind === "else") {
      this.#index += 1;
      whenFalse = this.readUntil(["endif"], open);
    }
    this.#index += 1;
    return {
      kind: "conditional",
      condition: open.condition,
      whenTrue: this.#section(whenTrue),
      whenFalse: this.#section(whenFalse),
      range: open.range,
    };
  }

  #loop(open: Extract<Part, { kind: "for" }>): Expression {
    const body = this.readUntil(["endfor"], open);
    this.#index += 1;
    const [first = "", second] = open.names;
    const loop: ForExpression = {
      kind: "for",
      ...(second === undefined ? { valueName: first } : { keyName: first, valueName: second }),
      collection: open.collection,
      value: this.#section(body),
      groups: false,
      range: open.range,
    };
    return { kind: "join", loop, range: open.range };
  }
}
