/** Splits text that arrives in chunks into lines, and lines into records. */
import { valueOf } from "./contents.ts";

/** Longest line, in characters. A longer one is cut: no field that is read is that long. */
const MAX_LINE_LENGTH = 16_384;

export class Lines {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: Uint8Array): void {
    this.#take(this.#decoder.decode(chunk, { stream: true }));
  }

  end(): void {
    this.#take(this.#decoder.decode());
    if (this.#rest !== "") this.#onLine(this.#rest);
    this.#rest = "";
  }

  #take(text: string): void {
    let from = 0;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", from)) {
      const line = shorten(this.#rest + text.slice(from, at));
      this.#rest = "";
      this.#onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
      from = at + 1;
    }
    this.#rest = shorten(this.#rest + text.slice(from));
  }
}

function shorten(line: string): string {
  return line.length > MAX_LINE_LENGTH ? line.slice(0, MAX_LINE_LENGTH) : line;
}

/** One record of `Key: value` lines. Records are separated by empty lines in dpkg's and apk's lists and Python's metadata. */
export type Stanza = ReadonlyMap<string, string>;

export interface StanzaOptions {
  /** The keys to read. If a key occurs twice, the first one counts. */
  readonly keys: readonly string[];
  /** Whether to ignore the case of keys, which are then in lower case. */
  readonly foldCase: boolean;
  /** Called for each record that has at least one of the keys. */
  readonly onStanza: (stanza: Stanza) => void;
}

export class Stanzas {
  readonly #options: StanzaOptions;
  readonly #keys: ReadonlySet<string>;
  readonly #lines = new Lines((line) => this.#line(line));
  #fields = new Map<string, string>();
  #begun = false;
  #last = "";

  constructor(options: StanzaOptions) {
    this.#options = options;
    this.#keys = new Set(options.keys);
  }

  write(chunk: Uint8Array): void {
    this.#lines.write(chunk);
  }

  end(): void {
    this.#lines.end();
    this.#close();
  }

  #line(line: string): void {
    if (line.trim() === "") return this.#close();
    if (/^\s/.test(line)) {
      // Values of several lines are ignored: no name, version or licence has them.
      this.#fields.delete(this.#last);
      return;
    }
    const colon = line.indexOf(":");
    const written = line.slice(0, Math.max(colon, 0));
    const key = this.#options.foldCase ? written.toLowerCase() : written;
    this.#last = this.#keys.has(key) ? key : "";
    if (this.#last === "") return;
    this.#begun = true;
    const value = valueOf(line.slice(colon + 1));
    if (value !== undefined && !this.#fields.has(key)) this.#fields.set(key, value);
  }

  #close(): void {
    if (this.#begun) this.#options.onStanza(this.#fields);
    this.#fields = new Map();
    this.#begun = false;
    this.#last = "";
  }
}
