/**
 * img's log as steps (img v0.5.11, build.go and push.go). Between its own lines stands BuildKit's plain progress, in which every line of a
 * command has its step's number before it, so that nothing a RUN prints looks like a line of img's own.
 */
import { buildkitSteps } from "../buildkit/steps.ts";
import { StepWriter } from "../steps/reader.ts";
import type { StepLine, StepReader } from "../steps/reader.ts";

/** The names of img's own steps among the numbers of BuildKit's. */
const OWN_STEP = "img";
const PUSH_STEP = "push";

const PUSHING = /^Pushing (\S+)\.\.\.$/;
const PUSHED = /^Successfully pushed /;
/** The end, which the failed step and the sentence below it tell as well. */
const ERROR = /^Error: /;

/** @param format removes img's decoration from a line */
export function imgSteps(format: (line: string) => string): StepReader {
  return new ImgSteps(format);
}

class ImgSteps implements StepReader {
  readonly #buildkit = buildkitSteps();
  readonly #writer = new StepWriter();
  readonly #format: (line: string) => string;
  #hasFailed = false;

  constructor(format: (line: string) => string) {
    this.#format = format;
  }

  read(raw: string, timestamp: string): readonly StepLine[] {
    const events = this.#buildkit.read(raw, timestamp);
    this.#hasFailed ||= events.some(({ type }) => type === "step-failed");
    if (!events.every(isOwn)) return events;
    this.#writer.at(timestamp);
    if (!this.#writer.isRunning(OWN_STEP)) this.#writer.start(OWN_STEP, "[internal] img", true);
    this.#readOwn(this.#format(raw));
    return this.#writer.take();
  }

  end(error?: string): readonly StepLine[] {
    const isPushing = this.#writer.isRunning(PUSH_STEP);
    const ended = this.#buildkit.end(isPushing ? undefined : error);
    const hasFailed = this.#hasFailed || ended.some(({ type }) => type === "step-failed");
    const own = hasFailed ? undefined : OWN_STEP;
    return [...ended, ...this.#writer.end(error, isPushing ? PUSH_STEP : own)];
  }

  #readOwn(line: string): void {
    const [, image] = PUSHING.exec(line) ?? [];
    if (image !== undefined) {
      this.#writer.done(PUSH_STEP);
      this.#writer.start(PUSH_STEP, `pushing ${image}`);
    }
    const step = this.#writer.isRunning(PUSH_STEP) ? PUSH_STEP : OWN_STEP;
    this.#writer.log(line, step, ERROR.test(line) ? "repeat" : "builder");
    if (PUSHED.test(line)) this.#writer.done(PUSH_STEP);
  }
}

/** Whether BuildKit's reader knows no step of the line. */
function isOwn(event: StepLine): boolean {
  return event.type === "log" && event.step === undefined && event.from === "builder";
}
