/** Reads an expression from left to right. Indices count UTF-16 units; `next` reads whole code points. */
export class TextReader {
  readonly source: string;
  at = 0;
  /** Texts that do not come any more, so that no one looks through all the rest again and again. */
  readonly #absent = new Set<string>();

  constructor(source: string) {
    this.source = source;
  }

  get done(): boolean {
    return this.at >= this.source.length;
  }

  /** Reads one code point; undefined at the end. */
  next(): string | undefined {
    const codePoint = this.source.codePointAt(this.at);
    if (codePoint === undefined) return undefined;
    const char = String.fromCodePoint(codePoint);
    this.at += char.length;
    return char;
  }

  startsWith(text: string): boolean {
    return this.source.startsWith(text, this.at);
  }

  /** Whether `text` comes after this many further UTF-16 units, or later. */
  hasAhead(text: string, units: number): boolean {
    if (this.#absent.has(text)) return false;
    const found = this.source.includes(text, this.at + units);
    if (!found) this.#absent.add(text);
    return found;
  }

  /** Moves behind `text` if it comes next. */
  skip(text: string): boolean {
    if (!this.startsWith(text)) return false;
    this.at += text.length;
    return true;
  }

  /** Reads the text up to `end` and skips `end`; without an `end`, reads the rest. */
  takeUntil(end: string): string {
    const index = this.source.indexOf(end, this.at);
    const stop = index < 0 ? this.source.length : index;
    const taken = this.source.slice(this.at, stop);
    this.at = Math.min(stop + end.length, this.source.length);
    return taken;
  }
}

/** Thrown for a pattern that Go refuses. A JavaScript SyntaxError would be a bug of the translation instead. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}
