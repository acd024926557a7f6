/** A position in an expression that is being read. Indices count UTF-16 units; `next` takes whole code points. */
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

  /** The code point at the position, which moves on; undefined at the end. */
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

  /** The text up to `end`, which is skipped too, or all that is left when `end` does not come. */
  takeUntil(end: string): string {
    const index = this.source.indexOf(end, this.at);
    const stop = index < 0 ? this.source.length : index;
    const taken = this.source.slice(this.at, stop);
    this.at = Math.min(stop + end.length, this.source.length);
    return taken;
  }
}

/** What Go would refuse: not a JavaScript SyntaxError, which would be a defect of the translation. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}
