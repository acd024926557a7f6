/**
 * Makisu's log as steps (makisu lib/builder/build_node.go). It logs the output of a RUN as it logs its own doings: an entry for what came in one
 * piece, with the line feed of the output before its own.
 */
import { StepSequence } from "../steps/sequence.ts";
import type { PlannedStage } from "../../lib/dockerfile/plan-steps.ts";
import type { StepLine, StepReader } from "../steps/reader.ts";

const STAGE = /^\* Stage (\d+)\/\d+ : /;
const STEP = /^\* Step (\d+)\/\d+ \([a-z,]*\) : /;
/** The identifier of its cache, after the instruction. */
const CACHE_ID = /\([0-9a-f]{1,8}\)$/;
const EXECUTED = /^\* Executed /;
/** In place of an execution. */
const CACHED = /^\* Skipping execution; (?:cache was applied|a later step was cached) \*$/;
/** The config is pushed as a part of the image. */
const PUSH = /^\* Started pushing image (?!config )/;
/**
 * Makisu's own lines while a RUN is running: layers of earlier steps are pushed meanwhile. A RUN prints on the levels INFO and ERROR only, and
 * may print anything there.
 */
const OWN = [
  /^WARN: /,
  /^\* (?:(?:Started|Finished) pushing layer sha256:|Skipped pushing existing layer \S+$|Failed to push layer: .*, retrying\.\.\.$)/,
  /^\* (?:Applying cache layer [0-9a-f]{64} |Untarred \d+ files to \/|Merged \d+ headers from tar to memfs$|Skipping execution; )/,
  /^\* (?:Executed RUN |Removed \d+ directories under \/)/,
  /^Stored cacheID mapping to KVStore: /,
  /^(?:CA|Client) TLS is disabled$/,
  /^ERROR: Failed to push cache: /,
] as const;
/** The level of an entry, in colour, after its time. */
// oxlint-disable-next-line no-control-regex
const LEVEL = /^\S+\t(?:\u001b\[\d+m)?([A-Z]+)/;
/** The level of an entry in a line without its decoration. A RUN may print such a word, too. */
const LEVEL_WORD = /^(?:WARN|ERROR): /;
/** What it says when it ends, which the failed step and the sentence below it tell as well. */
const ENDED =
  /^ERROR: (?:Command exited with -?\d+|failed to (?:execute build plan|push image|create build plan|get dockerfile): .*)$/s;

/** @param format removes makisu's decoration from a line */
export function makisuSteps(stages: readonly PlannedStage[], format: (line: string) => string): StepReader {
  return new MakisuSteps(stages, format);
}

interface StartedStep {
  /** As makisu counts: from 1, the stage's FROM included. */
  readonly number: string;
  /** The instruction. */
  readonly text: string;
}

function stepIn(line: string): StartedStep | undefined {
  const [prefix = "", number] = STEP.exec(line) ?? [];
  const end = line.search(CACHE_ID);
  return number === undefined || end < 0 ? undefined : { number, text: line.slice(prefix.length, end).trimEnd() };
}

class MakisuSteps implements StepReader {
  readonly #steps: StepSequence;
  readonly #format: (line: string) => string;
  #stage: PlannedStage | undefined;
  #running = false;
  #cached = false;
  /** An empty line ends an entry, unless the entry continues below. */
  #held = false;

  constructor(stages: readonly PlannedStage[], format: (line: string) => string) {
    this.#steps = new StepSequence(stages, "makisu");
    this.#format = format;
  }

  read(raw: string, timestamp: string): readonly StepLine[] {
    this.#steps.begin(timestamp);
    const line = this.#format(raw);
    const decorated = line !== raw;
    if (this.#held && !decorated) this.#steps.output("");
    this.#held = raw === "";
    if (this.#held) {
      this.#steps.comment(raw, "repeat");
      return this.#steps.take();
    }
    const [, stage] = (decorated && STAGE.exec(line)) || [];
    const step = decorated ? stepIn(line) : undefined;
    if (stage !== undefined) {
      this.#endStep();
      this.#steps.comment(line);
      this.#stage = this.#steps.stageAt(Number(stage) - 1);
    } else if (step !== undefined) this.#startStep(step, line);
    else this.#readOther(line, decorated ? (LEVEL.exec(raw)?.[1] ?? "INFO") : undefined);
    return this.#steps.take();
  }

  end(error?: string, instruction?: string): readonly StepLine[] {
    return this.#steps.end(error, instruction);
  }

  #endStep(): void {
    this.#steps.endStep(this.#cached);
    this.#cached = false;
  }

  #startStep({ number, text }: StartedStep, line: string): void {
    this.#endStep();
    this.#running = /^RUN\s/i.test(text);
    if (number === "1") this.#steps.startStage(this.#stage, text);
    else if (!this.#steps.startInstruction(text)) this.#steps.comment(line);
  }

  /** @param level of the entry that the line begins; undefined for a further line of one */
  #readOther(line: string, level: string | undefined): void {
    const decorated = level !== undefined;
    if (decorated && CACHED.test(line) && this.#steps.inStep) {
      this.#cached = true;
      this.#running = false;
    }
    if (decorated && EXECUTED.test(line)) {
      this.#running = false;
      // The command itself has printed the line above.
      this.#cached = false;
    }
    if (decorated && PUSH.test(line)) {
      this.#endStep();
      this.#steps.startOther("exporting to image");
    }
    const isOwn = decorated && (level !== "INFO" || !LEVEL_WORD.test(line)) && OWN.some((own) => own.test(line));
    if (level === "ERROR" && ENDED.test(line)) this.#steps.comment(line, "repeat");
    else if (this.#running ? isOwn : decorated) this.#steps.comment(line);
    else this.#steps.output(level === "ERROR" ? line.replace(LEVEL_WORD, "") : line);
  }
}
