/** Why the first step that was not cached ran again: what changed since the last build in the same builder. Pure. */
import type { Step } from "../../lib/buildkit/progress.ts";

/** What a later build needs to know of this one. */
export interface BuildMemory {
  /** Name of the kept builder. In another one nothing was cached. */
  readonly builder: string;
  /** Hash of the Dockerfile. */
  readonly dockerfile: string;
  /** Hash of each build argument's value. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Digest of each base image, by its name. */
  readonly bases: Readonly<Record<string, string>>;
  /** Number of the context's files that the daemon was told of. */
  readonly files: number;
  /** The instructions of all steps, with variables replaced. */
  readonly instructions: readonly string[];
}

export interface RerunFacts {
  readonly steps: readonly Step[];
  /** Names of the ARG instructions of the Dockerfile. */
  readonly declared: ReadonlySet<string>;
  readonly now: BuildMemory;
  /** The last build of the same project in any kept builder. */
  readonly last: BuildMemory | undefined;
  /**
   * The files of the context that the daemon asked for, because it did not have them as they are.
   * @param sources of a COPY or ADD; undefined: any
   */
  readonly sentFor: (sources: readonly string[] | undefined) => readonly string[];
}

/** Paths that are named in full. */
const SHOWN_PATHS = 3;

/** `[build 2/7] RUN npm ci`: the stage, the number, the instruction (buildkit frontend/dockerfile/dockerfile2llb: prefixCommand). */
const STEP_NAME = /^\[(?:\S+ )?(?:\S+ )?\d+\/\d+\] (.*)$/s;

/** `[1/3] FROM docker.io/library/alpine:3@sha256:…` */
const BASE = /^FROM (\S+)@(sha256:[0-9a-f]{64})$/;

const CONTEXT_STEP = "[internal] load build context";

/** One sentence; undefined if everything was cached, if this is the first build in its builder, or if the reason is not known. */
export function rerunReason(facts: RerunFacts): string | undefined {
  const { now, last } = facts;
  if (last === undefined || last.builder !== now.builder) return undefined;
  const graph = new Map(facts.steps.map((step) => [step.digest, step]));
  const step = firstRun(facts.steps, graph);
  if (step === undefined) return undefined;
  const reason = reasonOf(step, graph, facts, last);
  return reason === undefined ? undefined : `${step.name} ran again: ${reason}`;
}

/** What is kept of a build for the next one. */
export function factsOfSteps(steps: readonly Step[]): Pick<BuildMemory, "bases" | "instructions"> {
  const bases: Record<string, string> = {};
  const instructions: string[] = [];
  for (const { name } of steps) {
    const instruction = instructionOf(name);
    if (instruction === undefined) continue;
    const [, image, digest] = BASE.exec(instruction) ?? [];
    if (image !== undefined && digest !== undefined) bases[image] = digest;
    else instructions.push(instruction);
  }
  return { bases, instructions };
}

function instructionOf(name: string): string | undefined {
  return STEP_NAME.exec(name)?.[1];
}

/** A step of the Dockerfile that did something and can be cached. A base image is never reported as cached. */
function hasRun({ name, cached, completed }: Step): boolean {
  const instruction = instructionOf(name);
  return completed && !cached && instruction !== undefined && !instruction.startsWith("FROM ");
}

/** The first step that ran while everything that it is built on was cached. */
function firstRun(steps: readonly Step[], graph: ReadonlyMap<string, Step>): Step | undefined {
  return steps.find((step) => hasRun(step) && !ancestors(step, graph).some(hasRun));
}

function ancestors(step: Step, graph: ReadonlyMap<string, Step>): Step[] {
  const found = new Map<string, Step>();
  const waiting = [...step.inputs];
  for (let digest; (digest = waiting.pop()) !== undefined;) {
    const input = graph.get(digest);
    if (input === undefined || found.has(digest)) continue;
    found.set(digest, input);
    waiting.push(...input.inputs);
  }
  return [...found.values()];
}

function reasonOf(
  step: Step,
  graph: ReadonlyMap<string, Step>,
  { now, declared, sentFor }: RerunFacts,
  last: BuildMemory,
): string | undefined {
  const { bases } = factsOfSteps(ancestors(step, graph));
  const moved = Object.keys(bases).find((name) => last.bases[name] !== undefined && last.bases[name] !== bases[name]);
  if (moved !== undefined) return `the base image ${moved} moved`;
  const instruction = instructionOf(step.name) ?? "";
  const isNew = !last.instructions.includes(instruction);
  const args = [...new Set([...Object.keys(now.buildArgs), ...Object.keys(last.buildArgs)])]
    .filter((name) => declared.has(name) && now.buildArgs[name] !== last.buildArgs[name])
    .map((name) => `ARG ${name}`);
  const usesContext = step.inputs.some((digest) => graph.get(digest)?.name === CONTEXT_STEP);
  const changed = usesContext ? sentFor(sourcesOf(instruction)) : [];
  if (changed.length > 0 && !isNew) return filesReason(changed, now.files);
  if (args.length > 0) return `${args.join(" and ")} changed`;
  if (isNew) return "the instruction is new or was changed";
  if (now.dockerfile !== last.dockerfile) return "the Dockerfile was changed before it";
  if (!usesContext) return undefined;
  const removed = last.files - now.files;
  if (removed > 0) return `${removed} ${removed === 1 ? "file was" : "files were"} removed`;
  // Only regular files are asked for.
  return "directories or symlinks changed";
}

function filesReason(paths: readonly string[], listed: number): string {
  if (paths.length === listed && listed > SHOWN_PATHS) return `all ${listed} files changed`;
  const shown = paths.slice(0, SHOWN_PATHS).join(", ");
  const more = paths.length - SHOWN_PATHS;
  return `${paths.length} ${paths.length === 1 ? "file" : "files"} changed (${shown}${more > 0 ? ` and ${more} more` : ""})`;
}

/** The sources of a COPY or ADD, as the daemon writes it in the step's name; undefined for another instruction. */
export function sourcesOf(instruction: string): readonly string[] | undefined {
  const [head] = /^(?:COPY|ADD)\s+(?:--\S+\s+)*/.exec(instruction) ?? [];
  if (head === undefined) return undefined;
  return listOf(instruction.slice(head.length)).slice(0, -1);
}

function listOf(text: string): string[] {
  if (text.startsWith("[")) {
    try {
      return (JSON.parse(text) as unknown[]).map(String);
    } catch {
      // It is a pattern of names.
    }
  }
  return text.split(/\s+/);
}
