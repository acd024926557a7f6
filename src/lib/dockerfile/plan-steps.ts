/** The steps of a Dockerfile as docker numbers and names them (buildkit frontend/dockerfile/dockerfile2llb: cmdTotal, prefixCommand). */
import type { Instruction } from "./instruction.ts";
import type { BuildStage, Dockerfile } from "./parse.ts";
import { findBase, neededStages } from "./references.ts";
import type { ReferenceOptions } from "./references.ts";

export interface PlannedStep {
  /** `[build 3/7] RUN make`. */
  readonly name: string;
  /** The instruction on one line: keyword, flags and operand. */
  readonly text: string;
}

export interface PlannedStage {
  /** Number of the stage in the file, from 0. */
  readonly index: number;
  /** The step of its FROM; undefined when it starts from another stage or from nothing. */
  readonly from: PlannedStep | undefined;
  /** The steps after FROM. Instructions that only change the image's configuration are not steps. */
  readonly steps: readonly PlannedStep[];
}

const STEP_KEYWORDS: ReadonlySet<string> = new Set(["ADD", "COPY", "RUN", "WORKDIR"]);

/** Whether an instruction is a step of its own: it changes files, or may. */
export function isStep(keyword: string): boolean {
  return STEP_KEYWORDS.has(keyword.toUpperCase());
}

/**
 * @returns the stages that are built, in the order of the file
 * @throws InvalidInput if the target does not exist
 */
export function planSteps(dockerfile: Dockerfile, options: ReferenceOptions = {}): PlannedStage[] {
  const several = dockerfile.stages.length > 1;
  return neededStages(dockerfile, options).map((stage) => planStage(dockerfile, stage, several));
}

function planStage({ stages }: Dockerfile, stage: BuildStage, several: boolean): PlannedStage {
  const label = stage.name ?? (several ? `stage-${stage.index}` : "");
  const isImage = stage.base !== "scratch" && findBase(stages, stage.base, stage) === undefined;
  const instructions = stage.instructions.filter(({ keyword }) => isStep(keyword));
  const total = instructions.length + (isImage ? 1 : 0);
  let count = 0;
  const plan = (text: string): PlannedStep => {
    const number = String(++count).padStart(String(total).length);
    return { name: `[${label}${label === "" ? "" : " "}${number}/${total}] ${text}`, text };
  };
  return {
    index: stage.index,
    from: isImage ? plan(`FROM ${stage.base}`) : undefined,
    steps: instructions.map((instruction) => plan(textOf(instruction))),
  };
}

/** An instruction on one line, with single spaces. */
export function textOf({ keyword, flags, operand }: Instruction): string {
  const words = flags.map(({ name, value }) => `--${name}${value === undefined ? "" : `=${value}`}`);
  return oneLine([keyword, ...words, operand].join(" "));
}

/** The text with every run of white space as one space. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
