/**
 * Kaniko's log as steps (kaniko pkg/executor/build.go, v1.24 and osscontainertools v1.28). Kaniko logs to standard error and a RUN prints on
 * either stream, which the container runtime reads one by one: output of a RUN's last moment may stand below the start of the next one.
 */
import { StepSequence } from "../steps/sequence.ts";
import type { PlannedStage } from "../../lib/dockerfile/plan-steps.ts";
import type { StepLine, StepReader } from "../steps/reader.ts";

/** A line of kaniko's own has a level in colour, which a RUN does not print by accident. The text is padded. */
// oxlint-disable-next-line no-control-regex
const OWN = /^\u001b\[\d+m(\w+)\u001b\[0m\[(\d+)\] ?(.*)$/s;

const INSTRUCTION =
  /^(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)\s/;
const STAGE = /^Building stage '(.*)' \[idx: '(\d+)'/;
/** With which it ends (cmd/executor/cmd/root.go); the failed step and the sentence below it tell it as well. */
const ENDED = /^error (?:building image: |pushing image: |checking push permissions -- )/;
const CACHED = "Found cached layer, extracting to filesystem";
const CACHE_PUSH = /^Pushing layer (\S+) to cache now/;
const PUSH = /^Pushing image to (\S+)/;

export function kanikoSteps(stages: readonly PlannedStage[]): StepReader {
  return new KanikoSteps(stages);
}

class KanikoSteps implements StepReader {
  readonly #steps: StepSequence;
  readonly #caches = new Set<string>();
  #cached = false;
  #pushing = false;
  /** The lines of a command that kaniko prints: after `Args:` first, then the same after `Running:`. */
  readonly #command = { printing: false, lines: [] as string[], at: 0 };

  constructor(stages: readonly PlannedStage[]) {
    this.#steps = new StepSequence(stages, "kaniko");
  }

  read(raw: string, timestamp: string): readonly StepLine[] {
    this.#steps.begin(timestamp);
    const own = OWN.exec(raw);
    if (own === null) this.#readOther(raw);
    else this.#readOwn(`${own[1]}[${own[2]}] ${(own[3] ?? "").trimEnd()}`, (own[3] ?? "").trimEnd());
    return this.#steps.take();
  }

  end(error?: string, instruction?: string): readonly StepLine[] {
    return this.#steps.end(error, instruction);
  }

  #readOwn(line: string, text: string): void {
    this.#followCommand(text);
    const stage = STAGE.exec(text);
    if (stage !== null) {
      const [, base = "", index] = stage;
      this.#finish();
      // v1.24 counts only the stages that it builds, v1.28 all of the file. Both build those that the target needs, in the file's order.
      this.#steps.startStage(this.#steps.nextStage() ?? this.#steps.stageAt(Number(index)), `FROM ${base}`);
      this.#steps.comment(line);
    } else if (INSTRUCTION.test(text)) {
      this.#finish();
      if (!this.#steps.startInstruction(text)) this.#steps.comment(line);
    } else if (text.startsWith("Deleting filesystem") || text.startsWith("Saving file ")) {
      this.#finish();
      this.#steps.comment(line);
    } else {
      if (text === CACHED) this.#cached = true;
      const [, cache] = CACHE_PUSH.exec(text) ?? [];
      if (cache !== undefined) this.#caches.add(cache);
      const [, image] = PUSH.exec(text) ?? [];
      if (image !== undefined && !this.#caches.has(image) && !this.#pushing) {
        this.#finish();
        this.#pushing = true;
        this.#steps.startOther("exporting to image");
      }
      this.#steps.comment(line);
    }
  }

  #readOther(raw: string): void {
    const { lines, printing, at } = this.#command;
    if (printing) {
      lines.push(raw);
      this.#steps.comment(raw);
    } else if (at < lines.length && raw.trimEnd() === lines[at]?.trimEnd()) {
      this.#command.at += 1;
      this.#steps.comment(raw);
    } else if (ENDED.test(raw)) this.#steps.comment(raw, "repeat");
    else this.#steps.output(raw);
  }

  #followCommand(text: string): void {
    if (text.startsWith("Args: [") && !text.endsWith("]")) {
      this.#command.lines = [];
      this.#command.printing = true;
    } else if (text.startsWith("Running: [")) {
      this.#command.printing = false;
      this.#command.at = text.endsWith("]") ? this.#command.lines.length : 0;
    } else this.#command.printing = false;
  }

  #finish(): void {
    this.#steps.endStep(this.#cached);
    this.#cached = false;
  }
}
