import { expandWord, type Lookup } from "./expand.ts";
import type { Instruction } from "./instruction.ts";
import { type BuildStage, type Dockerfile, findStage, findTarget } from "./parse.ts";
import { mountFields, splitWords, unquote } from "./words.ts";

/** One use of an image that the build does not make itself. */
export interface ImageUse {
  /** The reference with its variables replaced; undefined if a variable's value is not known before the build. */
  readonly image: string | undefined;
  /** As written in the Dockerfile. */
  readonly text: string;
  readonly line: number;
  readonly by: "FROM" | "COPY" | "RUN";
}

export interface ReferenceOptions {
  readonly target?: string | undefined;
  /** Values of --build-arg. */
  readonly buildArgs?: ReadonlyMap<string, string>;
  /** Arguments that the builder sets itself, such as TARGETARCH and BUILDPLATFORM. */
  readonly predefined?: ReadonlyMap<string, string>;
  /** Include stages that the target does not need, for a builder that builds them anyway. */
  readonly everyStage?: boolean;
}

/**
 * All images a build will pull, sorted by line, each use once. Stages and `scratch` are not images.
 * @throws InvalidInput if the target does not exist
 */
export function findImages(dockerfile: Dockerfile, options: ReferenceOptions = {}): ImageUse[] {
  const lookup = globalScope(dockerfile, options);
  const expand = (word: string) => expandWord(word, lookup, dockerfile.escape);
  const images: ImageUse[] = [];
  for (const stage of neededStages(dockerfile, options)) {
    const base = expand(stage.base);
    const isImage = base === undefined || findBase(dockerfile.stages, base, stage) === undefined;
    if (isImage && base !== "scratch")
      images.push({ image: base || undefined, text: stage.base, line: stage.from.line, by: "FROM" });

    for (const instruction of stage.instructions) {
      for (const text of sourcesOf(instruction, dockerfile.escape)) {
        if (findStage(dockerfile.stages, text) !== undefined) continue;
        // Docker and BuildKit do not expand variables here. If a number is not a stage, the builder reports it.
        if (!/^\d+$/.test(text) && text !== "scratch" && text !== "") {
          const by = instruction.keyword === "RUN" ? "RUN" : "COPY";
          images.push({ image: expand(text) || undefined, text, line: instruction.line, by });
        }
      }
    }
  }
  return images.sort((a, b) => a.line - b.line);
}

/**
 * The stages that the target is made from, in the order of the file; with `everyStage` all stages up to the target.
 * @throws InvalidInput if the target does not exist
 */
export function neededStages(dockerfile: Dockerfile, options: ReferenceOptions = {}): BuildStage[] {
  const { stages, escape } = dockerfile;
  const lookup = globalScope(dockerfile, options);
  const target = findTarget(dockerfile, options.target);
  const needed = new Set<BuildStage>(options.everyStage ? stages.slice(0, target.index + 1) : [target]);
  // Iterating over a set also visits items that are added during the loop, so each dependency is followed once, even in a cycle.
  for (const stage of needed) {
    const base = expandWord(stage.base, lookup, escape);
    const parent = base === undefined ? undefined : findBase(stages, base, stage);
    if (parent !== undefined) needed.add(parent);
    for (const text of stage.instructions.flatMap((instruction) => sourcesOf(instruction, escape))) {
      const source = findStage(stages, text);
      if (source !== undefined) needed.add(source);
    }
  }
  return [...needed].sort((a, b) => a.index - b.index);
}

/** The names of all images a build will pull, each once, as far as they are known before the build. */
export function imageReferences(dockerfile: Dockerfile, options: ReferenceOptions = {}): string[] {
  return [...new Set(findImages(dockerfile, options).flatMap(({ image }) => image ?? []))];
}

/** FROM can only name stages above it: in `FROM app AS app`, `app` is an image. */
export function findBase(stages: readonly BuildStage[], base: string, from: BuildStage): BuildStage | undefined {
  return stages.slice(0, from.index).findLast((stage) => stage.name === base.toLowerCase());
}

/** The names in `COPY --from=` and `RUN --mount=…,from=`. */
export function sourcesOf(instruction: Instruction, escape: string): string[] {
  if (instruction.keyword === "COPY" || instruction.keyword === "ADD") {
    return instruction.flags.flatMap(({ name, value }) => (name === "from" && value !== undefined ? [value] : []));
  }
  if (instruction.keyword !== "RUN") return [];
  return instruction.flags.flatMap(({ name, value }) =>
    name === "mount" && value !== undefined ? (mountFields(value, escape).get("from") ?? []) : [],
  );
}

/** The variables FROM may use: every ARG above the first FROM. A --build-arg overrides its default. */
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
      // A default may use the arguments above it.
      const fallback = equals < 0 ? lookup(name) : expandWord(word.slice(equals + 1), lookup, dockerfile.escape);
      values.set(name, buildArgs?.get(name) ?? fallback);
    }
  }
  return lookup;
}
