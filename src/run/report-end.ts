/** Turns the outcome of the builder into the build's result, for the client that started it and for one that attached. */
import type { Outcome } from "../builders/builder.ts";
import { outcomeError } from "../builders/outcome.ts";
import type { StepReader } from "../builders/steps/reader.ts";
import type { Place } from "../lib/dockerfile/locate.ts";
import { Cancelled, TimedOut } from "../errors.ts";
import { CANCELED } from "../lib/text/canceled.ts";
import type { BuildResult, Emit } from "../events.ts";
import { hasVersion } from "../lib/image/reference.ts";
import type { ImageDescription } from "../lib/registry/types.ts";
import type { Stages } from "./stages.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

export interface Reporter {
  /** Has read the builder's log; absent if the log was not read. */
  readonly steps?: StepReader;
  /** Name of the Dockerfile's file. */
  readonly file?: string;
  /** Finds the line of the Dockerfile. Absent where the Dockerfile is not known: for a client that attached. */
  readonly lineOf?: (place: Place) => number | undefined;
  /** The instruction on a line of the Dockerfile, on one line, as its step has it. */
  readonly instructionAt?: (line: number) => string | undefined;
  /** The lines of the Dockerfile around one of them, to be printed. */
  readonly excerptOf?: (line: number) => readonly string[];
  /** What the Dockerfile itself tells about a failure in one of its lines, or in an unknown one: one remedy each. */
  readonly hintsFor?: (line: number | undefined) => readonly string[];
  readonly emit: Emit;
  /** The digest that the tag has in its registry, for a builder that does not report it. */
  readonly pushedDigest: (configDigest: string | undefined) => Promise<string>;
  /** The registry's description of a pushed image; undefined when the registry cannot be asked. */
  readonly describeImage: (digest: string) => Promise<(ImageDescription & Pick<BuildResult, "loaded">) | undefined>;
}

/** Whether the cluster has stopped the build: at its time limit, or as somebody cancelled it. */
export function isStopped(error: unknown): boolean {
  return error instanceof TimedOut || error instanceof Cancelled;
}

/** The build was stopped: the steps that were running say so, with the time that they took. */
export function cancelSteps(steps: StepReader | undefined, emit: Emit): void {
  for (const event of steps?.end(CANCELED) ?? []) {
    if (event.type !== "log") emit(event);
  }
}

/** @throws SlipwayError if there is no image; its kind says whose fault that is. */
export async function reportEnd(
  outcome: Outcome,
  build: Omit<BuildResult, "digest" | "loaded" | keyof ImageDescription>,
  {
    steps,
    file = "Dockerfile",
    lineOf,
    instructionAt,
    excerptOf,
    hintsFor,
    emit,
    pushedDigest,
    describeImage,
  }: Reporter,
  stages: Stages,
): Promise<BuildResult> {
  const failed = outcome.kind === "failed" ? outcome : undefined;
  const line = failed?.place === undefined ? undefined : lineOf?.(failed.place);
  const instruction = line === undefined ? undefined : instructionAt?.(line);
  for (const event of steps?.end(failed?.message, instruction) ?? []) {
    if (event.type !== "log") emit(event);
  }
  if (outcome.kind === "failed") {
    stages.fail();
    const suggestions = [...(hintsFor?.(line) ?? []), ...outcome.suggestions];
    const found = line === undefined ? undefined : { file, line, excerpt: excerptOf?.(line) };
    throw outcomeError({ ...outcome, suggestions }, found);
  }
  stages.done("build");
  const digest = outcome.kind === "built" ? outcome.digest : await pushedDigest(outcome.configDigest);
  const description = await describeImage(digest);
  const { name, builder: builderName, ...more } = build;
  // What the builder has said itself is known without asking the registry.
  const said = outcome.kind === "pushed" ? omitUndefined({ configDigest: outcome.configDigest }) : {};
  const references = more.references.map((text) => withDigest(text, digest));
  const result: BuildResult = { name, builder: builderName, digest, ...said, ...description, ...more, references };
  emit({ type: "built", result });
  return result;
}

/** An image that was pushed without a tag is known by its digest. */
function withDigest(reference: string, digest: string): string {
  return hasVersion(reference) ? reference : `${reference}@${digest}`;
}
