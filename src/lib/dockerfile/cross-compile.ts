/** Whether a Dockerfile builds for other platforms without running their programs. */
import { expandWord } from "./expand.ts";
import type { BuildStage, Dockerfile } from "./parse.ts";
import { findBase, globalScope, neededStages } from "./references.ts";
import type { ReferenceOptions } from "./references.ts";

/** Stands for the platform of the machine that builds. No --platform of a FROM can have this value. */
const BUILD_PLATFORM = "\0";

/**
 * True if every RUN is in a stage for the platform of the machine that builds (`FROM --platform=$BUILDPLATFORM`). Then one machine can build
 * all platforms. A RUN in an ONBUILD of a base image is not seen.
 * @throws InvalidInput if the target does not exist
 */
export function crossCompiles(dockerfile: Dockerfile, options: ReferenceOptions): boolean {
  const { stages, escape } = dockerfile;
  const lookup = globalScope(dockerfile, { ...options, predefined: new Map([["BUILDPLATFORM", BUILD_PLATFORM]]) });
  const predefined = options.buildArgs?.get("BUILDPLATFORM") ?? BUILD_PLATFORM;
  const expand = (word: string): string | undefined =>
    expandWord(word, (name) => (name === "BUILDPLATFORM" ? predefined : lookup(name)), escape);
  const onBuilder = new Set<BuildStage>();
  return neededStages(dockerfile, options).every((stage) => {
    const base = expand(stage.base);
    // A stage has the platform of the stage that it starts from.
    const parent = base === undefined ? undefined : findBase(stages, base, stage);
    const isOnBuilder =
      parent === undefined
        ? stage.platform !== undefined && expand(stage.platform) === BUILD_PLATFORM
        : onBuilder.has(parent);
    if (isOnBuilder) onBuilder.add(stage);
    return isOnBuilder || !stage.instructions.some(({ keyword }) => keyword === "RUN");
  });
}
