import { Writable } from "node:stream";

/** A terminal small enough to be read: it knows the sequences our view may write, and refuses any other. */
export class Screen extends Writable {
  readonly isTTY = true;
  columns: number;
  readonly rows = 24;
  #rows: string[][] = [[]];
  #x = 0;
  #y = 0;
  raw = "";

  constructor(columns = 80) {
    super({ decodeStrings: false });
    this.columns = columns;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    const text = String(chunk);
    this.raw += text;
    // oxlint-disable-next-line no-control-regex -- a terminal is made of them
    for (const [token] of text.matchAll(/\u001B\[[0-9;?]*[A-Za-z]|[^]/gu)) this.#take(token);
    done();
  }

  /** What stands on the screen, blank ends cut off. */
  get text(): string[] {
    const lines = this.#rows.map((row) => row.join("").trimEnd());
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  cursorTo(x: number): boolean {
    return this.write(`\u001B[${x + 1}G`);
  }

  moveCursor(_x: number, y: number): boolean {
    return this.write(`\u001B[${Math.abs(y)}${y < 0 ? "A" : "B"}`);
  }

  clearLine(direction: number): boolean {
    return this.write(`\u001B[${{ "1": 0, "-1": 1, "0": 2 }[String(direction)]}K`);
  }

  #take(token: string): void {
    const row = (this.#rows[this.#y] ??= []);
    if (token === "\n") {
      this.#y += 1;
      this.#x = 0;
      this.#rows[this.#y] ??= [];
    } else if (token === "\r" || token === "\u001B[1G") this.#x = 0;
    else if (token === "\u001B[J") this.#rows.splice(this.#y, Infinity, row.slice(0, this.#x));
    else if (token === "\u001B[0K") row.splice(this.#x);
    // oxlint-disable-next-line no-control-regex -- the cursor goes up
    else if (/^\u001B\[\d+A$/.test(token)) this.#y = Math.max(0, this.#y - Number.parseInt(token.slice(2), 10));
    // oxlint-disable-next-line no-control-regex -- colours and modes that change nothing here
    else if (/^\u001B\[(?:[0-9;]*m|\?(?:7|25|2026)[hl])$/.test(token)) return;
    else if (token < " ") throw new Error(`the screen does not know ${JSON.stringify(token)}`);
    else {
      if (this.#x >= this.columns) {
        this.#y += 1;
        this.#x = 0;
      }
      while (row.length < this.#x) row.push(" ");
      (this.#rows[this.#y] ??= [])[this.#x] = token;
      this.#x += 1;
    }
  }
}

/** What was written to something that is no terminal. */
export class Pipe extends Writable {
  text = "";

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}
