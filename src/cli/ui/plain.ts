import type { BuildEvent } from "../../events.ts";
import { tolerateBrokenPipe } from "./progress.ts";
import { failureLines, suggestionLines } from "./failure.ts";
import { formatBytes, formatDuration } from "../../lib/text/measures.ts";
import type { Progress, ViewStream } from "./progress.ts";
import { Upload } from "./upload.ts";
import { logLine, tameText, unforgeable } from "../../lib/terminal/output.ts";

/** Interval between progress lines of a long upload. */
const UPLOAD_INTERVAL_MS = 5000;

/**
 * Lines for a log. Slipway's own lines start with `=> `, `WARNING: ` or `ERROR: ` and have no control codes. The builder's lines are
 * printed as they are, but on a terminal only their colours stay, and one that begins as slipway's own lines do gets `# ` before it.
 */
export class PlainView implements Progress {
  readonly #stream: ViewStream;
  readonly #now: () => number;
  #upload = new Upload();
  #uploadShownAt: number | undefined;
  #waiting = "";
  /** Detail of the stage that started last. */
  #detail: string | undefined;
  #failed = false;
  #held: string[] | undefined;

  constructor(stream: ViewStream, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
    tolerateBrokenPipe(stream);
  }

  emit(event: BuildEvent): void {
    const lines = this.#linesOf(event);
    this.#print(event.type === "log" ? lines : lines.flatMap(ownLines));
  }

  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#release();
    this.#print(failureLines(error).map(tameText));
  }

  async suspend<T>(work: () => Promise<T>): Promise<T> {
    this.#held ??= [];
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  [Symbol.dispose](): void {
    this.#release();
  }

  #linesOf(event: BuildEvent): string[] {
    switch (event.type) {
      case "stage-started":
        this.#waiting = "";
        this.#detail = event.detail;
        return event.detail === undefined ? [] : [`=> ${event.stage}: ${event.detail}`];
      case "stage-done": {
        // The line of the start has shown it.
        const detail = event.detail === this.#detail ? undefined : event.detail;
        const outcome = detail ?? (event.bytes === undefined ? undefined : formatBytes(event.bytes));
        return [`=> ${event.stage}${outcome === undefined ? "" : `: ${outcome}`} (${formatDuration(event.ms)})`];
      }
      case "stage-failed":
        return [`=> ${event.stage}: failed (${formatDuration(event.ms)})`];
      case "upload":
        return this.#uploadLines(event.sent, event.total);
      case "waiting":
        if (event.message === this.#waiting) return [];
        this.#waiting = event.message;
        return [`=> ${event.message}`];
      case "note":
        return [`=> ${event.message}`];
      case "log":
        return [logLine(unforgeable(event.line), this.#stream)];
      case "warning":
        return [`WARNING: ${event.message}`, ...suggestionLines(event.suggestions ?? [])];
      case "built":
    }
    const { digest, configDigest, references, loaded } = event.result;
    const id = loaded?.id ?? configDigest;
    return [
      ...references.map((reference) => `=> pushed ${reference}`),
      ...(loaded?.names ?? []).map((name) => `=> loaded ${name}`),
      `=> built digest ${digest}`,
      ...(id === undefined || id === digest ? [] : [`=> built image ID ${id}`]),
    ];
  }

  #uploadLines(sent: number, total: number | undefined): string[] {
    const now = this.#now();
    this.#upload.advance(sent, total, now);
    this.#uploadShownAt ??= now;
    if (now - this.#uploadShownAt < UPLOAD_INTERVAL_MS) return [];
    this.#uploadShownAt = now;
    return [`=> ship: ${this.#upload.facts(now).join(", ")}`];
  }

  #print(lines: readonly string[]): void {
    if (lines.length === 0) return;
    if (this.#held !== undefined) this.#held.push(...lines);
    else this.#stream.write(`${lines.join("\n")}\n`);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#print(held);
  }
}

/** A message of several lines has no further line that looks like another message. */
function ownLines(text: string): string[] {
  return text.split("\n").map((line, index) => tameText(index === 0 ? line : unforgeable(line)));
}
