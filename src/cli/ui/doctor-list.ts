/** Prints checks as lines: with colours and signs on a terminal, with words in a log. */
import { Chalk } from "chalk";
import type { ChalkInstance } from "chalk";
import type { Check, CheckStatus } from "../../app/doctor/check.ts";
import { depthOfColour } from "./colour.ts";
import { flatten } from "../../lib/terminal/control-sequences.ts";
import { canDrawRows } from "./progress.ts";
import { fit } from "./width.ts";

interface Stream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const WORDS: Readonly<Record<CheckStatus, string>> = { ok: "ok", warn: "warn", fail: "FAIL", skip: "skip" };
const SIGNS: Readonly<Record<CheckStatus, string>> = { ok: "✔", warn: "!", fail: "✖", skip: "-" };
const NAME_WIDTH = 15;
const ERASE_LINE = "\r\u001B[K";

export class CheckList {
  readonly #stream: Stream;
  readonly #paint: ChalkInstance;
  readonly #terminal: boolean;
  #counted: Record<CheckStatus, number> = { ok: 0, warn: 0, fail: 0, skip: 0 };
  #waiting = false;

  constructor(stream: Stream, env: Readonly<Record<string, string | undefined>>) {
    this.#stream = stream;
    this.#terminal = canDrawRows(stream, env);
    this.#paint = new Chalk({ level: stream.isTTY === true ? depthOfColour(env) : 0 });
  }

  /** On a terminal, shows what doctor waits for, until the next check is printed. */
  say(message: string): void {
    if (!this.#terminal) return;
    this.#waiting = true;
    this.#stream.write(
      `${ERASE_LINE}${this.#paint.dim(fit(`… ${flatten(message)}`, (this.#stream.columns ?? 80) - 1))}`,
    );
  }

  add(check: Check): void {
    const { name, status, message, suggestions } = check;
    this.#counted[status] += 1;
    const sign = this.#terminal ? SIGNS[status] : WORDS[status].padEnd(5);
    const indent = " ".repeat(sign.length + 1);
    const lines = [
      `${this.#colour(status)(sign)} ${this.#paint.bold(name.padEnd(NAME_WIDTH))} ${flatten(message)}`,
      ...suggestions.map((suggestion) => `${indent}  - ${flatten(suggestion)}`),
    ];
    this.#write(lines);
  }

  /** Prints the summary of all checks. */
  finish(): void {
    const { ok, warn, fail, skip } = this.#counted;
    const others = [
      ...(warn > 0 ? [`${warn} ${warn === 1 ? "warning" : "warnings"}`] : []),
      ...(skip > 0 ? [`${skip} skipped`] : []),
    ];
    const rest = others.length === 0 ? "" : ` (${others.join(", ")})`;
    this.#write([
      "",
      fail === 0
        ? `Ready to build: ${ok} checks passed${rest}.`
        : `Not ready to build: ${fail} of ${ok + fail} checks failed${rest}.`,
    ]);
  }

  #write(lines: readonly string[]): void {
    this.#stream.write(`${this.#waiting ? ERASE_LINE : ""}${lines.join("\n")}\n`);
    this.#waiting = false;
  }

  #colour(status: CheckStatus): ChalkInstance {
    if (status === "ok") return this.#paint.green;
    if (status === "fail") return this.#paint.red;
    return status === "warn" ? this.#paint.yellow : this.#paint.dim;
  }
}
