/** Text that comes in pieces, line by line. */
import { valueOf } from "./contents.ts";

/** Of a longer line only its beginning is kept, in characters: no field that is read is that long. */
const LONGEST_LINE = 16_384;

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
  return line.length > LONGEST_LINE ? line.slice(0, LONGEST_LINE) : line;
}

// Records of `Key: value` lines with an empty line between them: dpkg's, apk's, and the headers of Python's metadata.

export type Stanza = ReadonlyMap<string, string>;

export interface StanzaOptions {
  /** The keys that are read; of one that stands there twice the first counts. */
  readonly keys: readonly string[];
  /** Whether `Name` and `name` are one: keys are then written small. */
  readonly foldCase: boolean;
  /** Told of each record that has any of the keys. */
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
      // A text of several lines is no name, version or licence of the kind that is read.
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
