/**
 * BuildKit's plain progress as steps (buildkit util/progress/progressui: printer.go). Every line of a command has its step's number before it, so
 * that nothing a RUN prints can be taken for the end of its step.
 */
import { CANCELED } from "../../lib/text/canceled.ts";
import type { StepStatus } from "../../events.ts";
import { StepWriter } from "../steps/reader.ts";
import type { StepLine, StepReader } from "../steps/reader.ts";

/** The number of a step before each of its lines, and the seconds before what a command prints. */
const NUMBER = /^#(\d+)(?: |$)/;
const SECONDS = /^\d+\.\d+(?: |$)/;
const DONE = /^DONE (\d+(?:\.\d+)?)s$/;
/** Under the last step's error BuildKit prints the step's output again, between two such lines, and then the Dockerfile's lines. */
const RULE = "------";
const ERROR = /^(?:error|Error): /;

/** Powers of ten (tonistiigi/units). */
const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** Reads `ID [BYTES | BYTES / BYTES] [SECONDS] [done]`, which is how BuildKit prints a status. */
function readStatus(text: string): Pick<StepStatus, "text" | "id" | "current" | "total" | "done"> {
  const words = text.split(" ");
  const done = words.at(-1) === "done";
  if (done) words.pop();
  if (/^\d+\.\d+s$/.test(words.at(-1) ?? "")) words.pop();
  const last = bytesOf(words.at(-1));
  if (last === undefined) return { text, id: words.join(" "), done };
  words.pop();
  const current = words.at(-1) === "/" ? bytesOf(words.at(-2)) : undefined;
  if (current === undefined) return { text, id: words.join(" "), current: last, done };
  return { text, id: words.slice(0, -2).join(" "), current, total: last, done };
}

function bytesOf(word = ""): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([kMGT]?B)$/.exec(word) ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * (UNITS[unit] ?? 1));
}

export function buildkitSteps(): StepReader {
  return new BuildkitSteps();
}

class BuildkitSteps implements StepReader {
  readonly #writer = new StepWriter();
  readonly #names = new Map<string, string>();
  #failed: string | undefined;
  #summary: "repeat" | "excerpt" | undefined;
  #afterRule = false;

  read(raw: string, timestamp: string): readonly StepLine[] {
    this.#writer.at(timestamp);
    const [prefix = "", step] = NUMBER.exec(raw) ?? [];
    if (step === undefined || this.#summary !== undefined) this.#readOther(raw);
    else this.#readStep(step, raw.slice(prefix.length));
    return this.#writer.take();
  }

  end(error?: string): readonly StepLine[] {
    return this.#writer.end(error, this.#failed === undefined ? [...this.#names.keys()].at(-1) : undefined);
  }

  #readOther(raw: string): void {
    const isRule = raw === RULE && this.#failed !== undefined;
    const isError = ERROR.test(raw);
    // Each step that failed has such a part.
    if (this.#afterRule && raw.startsWith(" > ")) this.#summary = "repeat";
    this.#afterRule = isRule;
    const part = isError ? undefined : this.#summary;
    if (isError) this.#summary = undefined;
    else if (isRule) this.#summary = this.#summary === undefined ? "repeat" : "excerpt";
    const isTold = isRule || raw === "" || (isError && this.#failed !== undefined);
    this.#writer.log(raw, undefined, isTold ? "repeat" : (part ?? "builder"));
  }

  #readStep(step: string, text: string): void {
    const name = this.#names.get(step);
    if (name === undefined) {
      this.#names.set(step, text);
      this.#writer.start(step, text);
      return;
    }
    const ending = this.#ending(step, text);
    // The name again: the step continues after lines of another one, or runs again.
    if (text === name) {
      if (this.#writer.isRunning(step)) this.#writer.log(`#${step} ${text}`, step, "repeat");
      else this.#writer.start(step, name);
    } else if (text === "...") this.#writer.log(`#${step} ${text}`, step, "repeat");
    else if (!ending) {
      const [seconds] = SECONDS.exec(text) ?? [];
      if (seconds === undefined) this.#writer.status(step, readStatus(text));
      else this.#writer.log(text.slice(seconds.length), step);
    }
  }

  #ending(step: string, text: string): boolean {
    const [, seconds] = DONE.exec(text) ?? [];
    if (seconds !== undefined) this.#writer.done(step, false, Math.round(Number(seconds) * 1000));
    else if (text === "CACHED") this.#writer.done(step, true);
    else if (text === "CANCELED") this.#writer.fail(step, CANCELED);
    else if (text.startsWith("ERROR: ")) {
      this.#failed = step;
      this.#writer.fail(step, text.slice("ERROR: ".length));
    } else return false;
    return true;
  }
}
