/** Buildah's log as steps (buildah imagebuildah/stage_executor.go). A line of a RUN that looks like the next step is not one unless it is numbered next. */
import { logrusText } from "../steps/logrus.ts";
import { StepSequence } from "../steps/sequence.ts";
import type { PlannedStage } from "../../lib/dockerfile/plan-steps.ts";
import type { StepLine, StepReader } from "../steps/reader.ts";

/** `[1/3] STEP 2/6: WORKDIR /src`; without stages only `STEP 2/6: …`. */
const STEP = /^(?:\[(\d+)\/(\d+)\] )?STEP (\d+)\/(\d+): (.*)$/s;
/** What buildah says when a RUN fails (chroot/run_common.go), twice: for the command, and for the process around it. Its last line follows. */
const EXITED = /^(?:subprocess exited (?:with status \d+|on [a-z ]+)|error running subprocess: .*)$/;
/** Its last line, which the failed step and the sentence below it tell as well. A RUN prints lines that begin with `Error: `, too. */
const ENDED = /^Error: /;
const STEP_ENDED = /^Error: building at STEP "/;
const COMMIT = /^(?:\[\d+\/\d+\] )?COMMIT(?: |$)/;
const CACHED = /^--> (?:Using cache [0-9a-f]{12,64}$|Cache pulled from remote )/;
const LAYER = /^--> (?:Pushing cache |Cache pulled |Using cache |[0-9a-f]{12,64}$)/;
/** What buildah prints while it pulls and pushes. */
const COPYING =
  /^(?:Trying to pull |Getting image source signatures$|Copying (?:blob|config) |Writing manifest to image destination$)/;

export function buildahSteps(stages: readonly PlannedStage[]): StepReader {
  return new BuildahSteps(stages);
}

class BuildahSteps implements StepReader {
  readonly #steps: StepSequence;
  #stage: number | undefined;
  #number = 0;
  #total = 0;
  #cached = false;
  #hasOutput = false;
  /** It runs a command, whose output may look like anything. */
  #running = false;
  #committed = false;
  /** Lines that are buildah's if its last line follows; else the command has printed them. Output of the command may come in between. */
  readonly #held: string[] = [];

  constructor(stages: readonly PlannedStage[]) {
    this.#steps = new StepSequence(stages, "buildah");
  }

  read(raw: string, timestamp: string): readonly StepLine[] {
    this.#steps.begin(timestamp);
    if (this.#running && EXITED.test(raw)) {
      this.#held.push(raw);
      this.#steps.comment(raw, "repeat");
      return this.#steps.take();
    }
    if (this.#running && STEP_ENDED.test(raw)) this.#releaseBut(raw);
    const step = STEP.exec(raw);
    if (step !== null && this.#isNext(step)) this.#startStep(step, raw);
    else if (COMMIT.test(raw) && this.#number === this.#total && !this.#committed) this.#commit(raw);
    else if ((this.#running ? STEP_ENDED : ENDED).test(raw)) this.#steps.comment(raw, "repeat");
    else if (this.#isOwn(raw)) this.#steps.comment(this.#running ? raw : (logrusText(raw) ?? raw));
    else {
      this.#hasOutput = true;
      this.#steps.output(raw);
    }
    // A command that has printed something was run, whatever it printed.
    if (CACHED.test(raw) && !this.#hasOutput) this.#cached = true;
    return this.#steps.take();
  }

  end(error?: string, instruction?: string): readonly StepLine[] {
    return this.#steps.end(error, instruction);
  }

  #isOwn(raw: string): boolean {
    if (LAYER.test(raw)) return true;
    return !this.#running && (COPYING.test(raw) || this.#committed || logrusText(raw) !== undefined);
  }

  #isNext([, stage = "1", , number, total]: readonly string[]): boolean {
    const first = Number(number) === 1;
    if (this.#stage === undefined || this.#number === this.#total) return first && Number(stage) !== this.#stage;
    return Number(stage) === this.#stage && Number(number) === this.#number + 1 && Number(total) === this.#total;
  }

  #startStep([, stage = "1", , number, total, text = ""]: readonly string[], raw: string): void {
    this.#finish();
    this.#stage = Number(stage);
    this.#number = Number(number);
    this.#total = Number(total);
    this.#committed = false;
    this.#running = /^RUN\s/i.test(text);
    if (this.#number > 1) {
      if (!this.#steps.startInstruction(text)) this.#steps.comment(raw);
      return;
    }
    this.#steps.startStage(this.#steps.stageAt(this.#stage - 1), text);
  }

  #commit(raw: string): void {
    this.#finish();
    this.#committed = true;
    this.#running = false;
    this.#steps.startOther("exporting to image");
    this.#steps.comment(raw);
  }

  /** @param last buildah's last line: the lines before it that tell the same are its own */
  #releaseBut(last: string): void {
    const status = /exit status (\d+)/.exec(last)?.[1] ?? "";
    const said = `subprocess exited with status ${status}`;
    const isOwn = (line: string): boolean => line === said || !line.startsWith("subprocess exited with ");
    const own = this.#held.slice(-2).filter(isOwn).length;
    for (const line of this.#held.splice(0).slice(0, own === 0 ? undefined : -own)) this.#steps.output(line);
  }

  #finish(): void {
    // The step went on, so it was not buildah that said so.
    for (const line of this.#held.splice(0)) this.#steps.output(line);
    this.#steps.endStep(this.#cached);
    this.#cached = false;
    this.#hasOutput = false;
  }
}
