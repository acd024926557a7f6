import { expandWord, type Lookup } from "./expand.ts";
import type { Instruction } from "./instruction.ts";
import { type BuildStage, type Dockerfile, findStage, findTarget } from "./parse.ts";
import { mountFields, splitWords, unquote } from "./words.ts";

/** One place where a build needs an image that it does not build itself. */
export interface ImageUse {
  /** The reference with its variables replaced; undefined when one has no value that could be known here. */
  readonly image: string | undefined;
  /** As it stands in the Dockerfile. */
  readonly text: string;
  readonly line: number;
  readonly by: "FROM" | "COPY" | "RUN";
}

export interface ReferenceOptions {
  readonly target?: string | undefined;
  /** Values of --build-arg. */
  readonly buildArgs?: ReadonlyMap<string, string>;
  /** What the builder declares itself: TARGETARCH, BUILDPLATFORM and their like. */
  readonly predefined?: ReadonlyMap<string, string>;
  /** Count stages the target does not need, for a builder that builds them all the same. */
  readonly everyStage?: boolean;
}

/**
 * All images a build will pull, in order of lines, each use once. Stages and `scratch` are none.
 * @throws InvalidInput when there is no such target
 */
export function findImages(dockerfile: Dockerfile, options: ReferenceOptions = {}): ImageUse[] {
  const lookup = globalScope(dockerfile, options);
  const expand = (word: string) => expandWord(word, lookup, dockerfile.escape);
  const target = findTarget(dockerfile, options.target);
  const images: ImageUse[] = [];
  const needed = new Set<BuildStage>(options.everyStage ? dockerfile.stages.slice(0, target.index + 1) : [target]);
  // A set hands out what is added while it is walked: so dependencies are followed, each once, however they go in circles.
  for (const stage of needed) {
    const base = expand(stage.base);
    const parent = base === undefined ? undefined : findBase(dockerfile.stages, base, stage);
    if (parent !== undefined) needed.add(parent);
    else if (base !== "scratch")
      images.push({ image: base || undefined, text: stage.base, line: stage.from.line, by: "FROM" });

    for (const instruction of stage.instructions) {
      for (const text of sourcesOf(instruction, dockerfile.escape)) {
        const source = findStage(dockerfile.stages, text);
        if (source !== undefined) needed.add(source);
        // Neither docker nor BuildKit expand variables here; a number that is no stage is their error to report.
        else if (!/^\d+$/.test(text) && text !== "scratch" && text !== "") {
          const by = instruction.keyword === "RUN" ? "RUN" : "COPY";
          images.push({ image: expand(text) || undefined, text, line: instruction.line, by });
        }
      }
    }
  }
  return images.sort((a, b) => a.line - b.line);
}

/** The names of all images a build will pull, each once, as far as they can be known here. */
export function imageReferences(dockerfile: Dockerfile, options: ReferenceOptions = {}): string[] {
  return [...new Set(findImages(dockerfile, options).flatMap(({ image }) => image ?? []))];
}

/** FROM may name stages above it only: `FROM app AS app` is an image. */
export function findBase(stages: readonly BuildStage[], base: string, from: BuildStage): BuildStage | undefined {
  return stages.slice(0, from.index).findLast((stage) => stage.name === base.toLowerCase());
}

/** What `COPY --from=` and `RUN --mount=…,from=` name. */
export function sourcesOf(instruction: Instruction, escape: string): string[] {
  if (instruction.keyword === "COPY" || instruction.keyword === "ADD") {
    return instruction.flags.flatMap(({ name, value }) => (name === "from" && value !== undefined ? [value] : []));
  }
  if (instruction.keyword !== "RUN") return [];
  return instruction.flags.flatMap(({ name, value }) =>
    name === "mount" && value !== undefined ? (mountFields(value, escape).get("from") ?? []) : [],
  );
}

/** The variables FROM may use: every ARG above the first FROM, a --build-arg before its default. */
export function globalScope(dockerfile: Dockerfile, { buildArgs, predefined }: ReferenceOptions): Lookup {
  const values = new Map<string, string | undefined>();
  const lookup: Lookup = (name) =>
    values.has(name)
      ? values.get(name)
      : predefined?.has(name)
        ? (buildArgs?.get(name) ?? predefined.get(name))
        : undefined;
  for (const { operand } of dockerfile.globals) {
    for (const word of splitWords(operand, dockerfile.escape)) {
      const equals = word.indexOf("=");
      const name = unquote(equals < 0 ? word : word.slice(0, equals), dockerfile.escape);
      // A default may use the ones above it.
      const fallback = equals < 0 ? lookup(name) : expandWord(word.slice(equals + 1), lookup, dockerfile.escape);
      values.set(name, buildArgs?.get(name) ?? fallback);
    }
  }
  return lookup;
}
