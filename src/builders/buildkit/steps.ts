/**
 * BuildKit's plain progress as steps (buildkit util/progress/progressui: printer.go). Every line of a command has its step's number before it, so
 * that nothing a RUN prints can be taken for the end of its step.
 */
import { StepWriter } from "../steps/reader.ts";
import type { StepLine, StepReader } from "../steps/reader.ts";

const NUMBERED = /^#(\d+) ?(.*)$/s;
const OUTPUT = /^\d+\.\d+ ?(.*)$/s;
const DONE = /^DONE (\d+(?:\.\d+)?)s$/;
/** Under the last step's error BuildKit prints the step's output and the Dockerfile's lines again. */
const SUMMARY = "------";
const ERROR = /^(?:error|Error): /;

export function buildkitSteps(): StepReader {
  return new BuildkitSteps();
}

class BuildkitSteps implements StepReader {
  readonly #writer = new StepWriter();
  readonly #names = new Map<string, string>();
  #failed: string | undefined;
  #summary = false;

  read(raw: string, timestamp: string): readonly StepLine[] {
    this.#writer.at(timestamp);
    const [, step, text = ""] = NUMBERED.exec(raw) ?? [];
    if (step === undefined || this.#summary) this.#readOther(raw);
    else this.#readStep(step, text);
    return this.#writer.take();
  }

  end(error?: string): readonly StepLine[] {
    return this.#writer.end(error, this.#failed === undefined ? [...this.#names.keys()].at(-1) : undefined);
  }

  #readOther(raw: string): void {
    if (raw === SUMMARY && this.#failed !== undefined) this.#summary = true;
    if (ERROR.test(raw)) this.#summary = false;
    const told = this.#summary || raw === "" || (this.#failed !== undefined && ERROR.test(raw));
    this.#writer.log(raw, undefined, told ? "repeat" : "builder");
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
      const [, output] = OUTPUT.exec(text) ?? [];
      if (output === undefined) this.#writer.status(step, text);
      else this.#writer.log(output, step);
    }
  }

  #ending(step: string, text: string): boolean {
    const [, seconds] = DONE.exec(text) ?? [];
    if (seconds !== undefined) this.#writer.done(step, false, Math.round(Number(seconds) * 1000));
    else if (text === "CACHED") this.#writer.done(step, true);
    else if (text === "CANCELED") this.#writer.fail(step, "canceled");
    else if (text.startsWith("ERROR: ")) {
      this.#failed = step;
      this.#writer.fail(step, text.slice("ERROR: ".length));
    } else return false;
    return true;
  }
}
