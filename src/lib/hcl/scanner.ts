/** Tokens of HCL's own syntax, taken from a text one at a time. Source: HCL Syntax-Agnostic and Native Syntax Specification. */
import { HclError } from "./source.ts";
import type { Range, Source } from "./source.ts";

export interface Token {
  readonly kind: "name" | "number" | "symbol" | "newline" | "quote" | "heredoc" | "end";
  readonly text: string;
  readonly range: Range;
}

const NAME = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
const NUMBER = /\d(?:(?:\d|\.|[eE][+-]?\d)*(?:\d|[eE][+-]?\d))?/y;
const SYMBOL = /\.\.\.|&&|\|\||==|!=|<=|>=|=>|::|~\}|[[\](){}.,*/%+\-=<>!?:]/y;
const HEREDOC = /<<-?[\p{ID_Start}_][\p{ID_Continue}-]*\r?\n/uy;
const BLANK = /[ \t]+/y;
const LINE_COMMENT = /(?:#|\/\/)[^\n]*/y;
const NEWLINE = /\r?\n/y;

/** Deeper nesting is refused, before the call stack overflows. */
const MAX_NESTING = 400;

export class Scanner {
  readonly source: Source;
  #offset: number;
  readonly #end: number;
  /** Whether the end of a line is a token, for each open bracket. */
  readonly #newlines: boolean[] = [true];
  #next: Token | undefined;
  #last: Range;

  /** Reads the text between the two offsets. */
  constructor(source: Source, start = 0, end = source.text.length) {
    this.source = source;
    this.#offset = start === 0 && source.text.startsWith("\uFEFF") ? 1 : start;
    this.#end = end;
    this.#last = { source, start, end: start };
  }

  /** Offset of the unread text, with leading blanks. */
  get offset(): number {
    return this.#next?.range.start ?? this.#offset;
  }

  /** The last token. */
  get lastRange(): Range {
    return this.#last;
  }

  /** Continues at an offset, after text without tokens. */
  moveTo(offset: number): void {
    this.#next = undefined;
    this.#last = this.rangeFrom(offset, offset);
    this.#offset = offset;
  }

  rangeFrom(start: number, end = this.#offset): Range {
    return { source: this.source, start, end };
  }

  /** Runs inside brackets, where ends of lines are tokens or blanks. */
  within<T>(newlines: boolean, read: () => T): T {
    if (this.#newlines.length > MAX_NESTING) throw this.error("the file is nested too deeply");
    this.#newlines.push(newlines);
    this.#forget();
    try {
      return read();
    } finally {
      this.#newlines.pop();
      this.#forget();
    }
  }

  #forget(): void {
    if (this.#next === undefined) return;
    this.#offset = this.#next.range.start;
    this.#next = undefined;
  }

  peek(): Token {
    this.#next ??= this.#scan();
    return this.#next;
  }

  read(): Token {
    const token = this.peek();
    this.#next = undefined;
    this.#offset = token.range.end;
    this.#last = token.range;
    return token;
  }

  /** Whether the next token is this symbol. */
  isAt(symbol: string): boolean {
    const next = this.peek();
    return next.kind === "symbol" && next.text === symbol;
  }

  isAtName(name: string): boolean {
    const next = this.peek();
    return next.kind === "name" && next.text === name;
  }

  /** Reads the symbol if it is the next token. */
  skip(symbol: string): boolean {
    if (!this.isAt(symbol)) return false;
    this.read();
    return true;
  }

  /** @throws HclError with that message for another token */
  expect(symbol: string, message: string): Token {
    if (!this.isAt(symbol)) throw this.error(message);
    return this.read();
  }

  error(message: string, range: Range = this.peek().range): HclError {
    return new HclError(message, range);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.source.text)?.[0];
    return match === undefined || this.#offset + match.length > this.#end ? undefined : match;
  }

  #scan(): Token {
    this.#skipBlanks();
    const start = this.#offset;
    if (start >= this.#end) return { kind: "end", text: "", range: this.rangeFrom(start, start) };
    const token = (kind: Token["kind"], text: string): Token => ({
      kind,
      text,
      range: this.rangeFrom(start, start + text.length),
    });
    const newline = this.#match(NEWLINE);
    if (newline !== undefined) return token("newline", newline);
    const name = this.#match(NAME);
    if (name !== undefined) return token("name", name);
    const number = this.#match(NUMBER);
    if (number !== undefined) return token("number", number);
    if (this.source.text.startsWith('"', start)) return token("quote", '"');
    const heredoc = this.#match(HEREDOC);
    if (heredoc !== undefined) return token("heredoc", heredoc);
    const symbol = this.#match(SYMBOL);
    if (symbol !== undefined) return token("symbol", symbol);
    const character = String.fromCodePoint(this.source.text.codePointAt(start) ?? 0);
    throw new HclError(
      `the character ${JSON.stringify(character)} is not used in HCL here`,
      this.rangeFrom(start, start + character.length),
    );
  }

  #skipBlanks(): void {
    const countsNewlines = this.#newlines.at(-1) === true;
    for (;;) {
      if (this.source.text.startsWith("/*", this.#offset)) {
        const end = this.source.text.indexOf("*/", this.#offset + 2);
        if (end === -1 || end + 2 > this.#end) {
          throw new HclError("the comment has no end", this.rangeFrom(this.#offset, this.#offset + 2));
        }
        this.#offset = end + 2;
        continue;
      }
      const blank =
        this.#match(BLANK) ?? this.#match(LINE_COMMENT) ?? (countsNewlines ? undefined : this.#match(NEWLINE));
      if (blank === undefined) return;
      this.#offset += blank.length;
    }
  }
}
