/** Steps of a builder that does one instruction after the other, with the names that docker gives them. */
import { isStep, oneLine } from "../../lib/dockerfile/plan-steps.ts";
import type { PlannedStage, PlannedStep } from "../../lib/dockerfile/plan-steps.ts";
import type { LogEvent } from "../../events.ts";
import { StepWriter } from "./reader.ts";
import type { StepLine } from "./reader.ts";

/** The step for what a builder does outside of the Dockerfile's instructions. It runs from the first line to the last. */
const OWN_STEP = "builder";

export class StepSequence {
  readonly #writer = new StepWriter();
  readonly #stages: readonly PlannedStage[];
  readonly #ownName: string;
  readonly #started = new Set<PlannedStep>();
  #stage: PlannedStage | undefined;
  #stageNumber = -1;
  #current: string | undefined;
  #count = 0;

  /**
   * @param stages what is built; empty if the Dockerfile is not known
   * @param builder name of the builder
   */
  constructor(stages: readonly PlannedStage[], builder: string) {
    this.#stages = stages;
    this.#ownName = `[internal] ${builder}`;
  }

  /** A line at a time; to be called before what it means is told. */
  begin(timestamp: string): void {
    this.#writer.at(timestamp);
    if (!this.#writer.isRunning(OWN_STEP)) this.#writer.start(OWN_STEP, this.#ownName, true);
  }

  take(): StepLine[] {
    return this.#writer.take();
  }

  /** Whether an instruction is running. */
  get inStep(): boolean {
    return this.#current !== undefined;
  }

  /** @param stage as it is planned, if it is known which one it is */
  startStage(stage: PlannedStage | undefined, from: string): void {
    this.endStep();
    this.#stage = stage;
    if (stage?.from !== undefined) this.#startStep(stage.from, stage.from.name);
    else if (stage === undefined) this.#startStep(undefined, from);
  }

  /** The stage that begins now, for a builder that builds them in the order of the plan. */
  nextStage(): PlannedStage | undefined {
    return this.#stages[++this.#stageNumber];
  }

  stageAt(index: number): PlannedStage | undefined {
    return this.#stages.find((stage) => stage.index === index);
  }

  /** @param text the instruction as the builder prints it @returns false if it is not a step, as `ENV` */
  startInstruction(text: string): boolean {
    this.endStep();
    const [keyword = ""] = text.split(/\s/, 1);
    if (!isStep(keyword)) return false;
    const planned = this.#find(keyword, oneLine(text));
    this.#startStep(planned, planned?.name ?? oneLine(text));
    return true;
  }

  /** A step that is not an instruction, such as the push. */
  startOther(name: string): void {
    this.endStep();
    this.#startStep(undefined, name);
  }

  endStep(cached = false): void {
    if (this.#current !== undefined) this.#writer.done(this.#current, cached);
    this.#current = undefined;
  }

  output(line: string): void {
    this.#writer.log(line, this.#current ?? OWN_STEP);
  }

  /** What the builder says about its own work in the running step. */
  comment(line: string, from: LogEvent["from"] = "builder"): void {
    this.#writer.log(line, this.#current ?? OWN_STEP, from);
  }

  /** @param instruction the one that failed: some builders fail before they say that they start it */
  end(error?: string, instruction?: string): StepLine[] {
    const failed =
      error === undefined
        ? undefined
        : this.#stages
            .flatMap(({ steps }) => steps)
            .find((step) => step.text === instruction && !this.#started.has(step));
    if (failed !== undefined) {
      this.endStep();
      this.#startStep(failed, failed.name);
    }
    return this.#writer.end(error, this.#current ?? OWN_STEP);
  }

  #startStep(planned: PlannedStep | undefined, name: string): void {
    if (planned !== undefined) this.#started.add(planned);
    this.#current = String(++this.#count);
    this.#writer.start(this.#current, name);
  }

  /**
   * The instruction as it is written, in this stage or, since builders join stages, in another one. Else the next one of this stage with
   * its keyword and a variable: some builders print the value in its stead.
   */
  #find(keyword: string, text: string): PlannedStep | undefined {
    const waiting = (stage: PlannedStage) => stage.steps.filter((step) => !this.#started.has(step));
    const same = (step: PlannedStep) => step.text === text;
    const here = this.#stage === undefined ? [] : waiting(this.#stage);
    return (
      here.find(same) ??
      this.#stages.flatMap(waiting).find(same) ??
      here.find((step) => step.text.startsWith(`${keyword.toUpperCase()} `) && step.text.includes("$"))
    );
  }
}
