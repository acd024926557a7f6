/** A parsed Dockerfile: its stages and instructions, with line numbers for messages. */
import { InvalidInput } from "../../errors.ts";
import { refuseLine } from "./faults.ts";
import { type Instruction, readInstruction } from "./instruction.ts";
import { type Directives, splitLines } from "./lines.ts";
import { splitWords } from "./words.ts";

export type { Heredoc } from "./heredoc.ts";
export type { Flag, Instruction } from "./instruction.ts";

export interface BuildStage {
  /** Number of the stage, from 0. */
  readonly index: number;
  /** In lower case, because names are compared without regard to case. */
  readonly name: string | undefined;
  /** The operand of FROM, variables not expanded: an image, an earlier stage or `scratch`. */
  readonly base: string;
  /** As written after `--platform=`. */
  readonly platform: string | undefined;
  readonly from: Instruction;
  /** The instructions after FROM. */
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  readonly directives: Directives;
  readonly escape: string;
  /** The ARG instructions before the first FROM. */
  readonly globals: readonly Instruction[];
  readonly stages: readonly BuildStage[];
  /** All instructions, in order. */
  readonly instructions: readonly Instruction[];
}

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

/**
 * Parses a Dockerfile.
 * @throws InvalidInput with docker's message and the line
 */
export function parseDockerfile(text: string): Dockerfile {
  const { directives, escape, lines } = splitLines(text);
  const instructions: Instruction[] = [];
  const globals: Instruction[] = [];
  const stages: (BuildStage & { instructions: Instruction[] })[] = [];
  // Each line gets all checks before the next one, so the error is the first fault of the file.
  for (const line of lines) {
    const instruction = readInstruction(line, escape);
    instructions.push(instruction);
    const stage = stages.at(-1);
    if (instruction.keyword === "FROM") stages.push(openStage(instruction, stages.length, escape));
    else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.keyword === "ARG") globals.push(instruction);
    else {
      refuseLine(instruction.line, `no build stage in current context`, [
        `Put a FROM before ${instruction.keyword}: only ARG may come first.`,
      ]);
    }
  }
  if (stages.length === 0) {
    throw new InvalidInput("dockerfile contains no stages to build", {
      docker: "refuses",
      suggestions: ["Add a FROM and the image to start from."],
    });
  }
  return { directives, escape, globals, stages, instructions };
}

/**
 * The stage that a build ends with: the last one, or the one that `--target` gives by name or number.
 * @throws InvalidInput that lists the stages
 */
export function findTarget(dockerfile: Dockerfile, target?: string): BuildStage {
  const { stages } = dockerfile;
  const found = target === undefined || target === "" ? stages.at(-1) : findStage(stages, target);
  if (found !== undefined) return found;
  const names = stages.flatMap(({ name }) => name ?? []);
  throw new InvalidInput(`target stage "${target}" could not be found`, {
    docker: "refuses",
    suggestions: [
      names.length > 0
        ? `The stages are: ${names.join(", ")}.`
        : 'No stage has a name: give one with "FROM image AS name".',
    ],
  });
}

/** Finds a stage by name (the last one with that name) or by number. */
export function findStage(stages: readonly BuildStage[], name: string): BuildStage | undefined {
  const wanted = name.toLowerCase();
  return stages.findLast((stage) => stage.name === wanted) ?? (/^\d+$/.test(name) ? stages[Number(name)] : undefined);
}

function openStage(from: Instruction, index: number, escape: string): BuildStage & { instructions: Instruction[] } {
  const [base = "", as, name, ...more] = splitWords(from.operand, escape);
  if (base === "" || (as !== undefined && (name === undefined || as.toUpperCase() !== "AS" || more.length > 0))) {
    refuseLine(from.line, "FROM requires either one or three arguments", ["Write: FROM image AS name"]);
  }
  if (name !== undefined && !STAGE_NAME.test(name.toLowerCase())) {
    refuseLine(from.line, `invalid name for build stage: "${name}", name can't start with a number or contain symbols`);
  }
  return {
    index,
    name: name?.toLowerCase(),
    base,
    platform: from.flags.find((flag) => flag.name === "platform")?.value,
    from,
    instructions: [],
  };
}
