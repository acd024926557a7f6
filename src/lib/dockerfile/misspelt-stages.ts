/** Names in `COPY --from` and `RUN --mount=…,from=` that name an image, as there is no such stage, but look like a misspelt stage. */
import { findStage } from "./parse.ts";
import type { Dockerfile } from "./parse.ts";
import { neededStages, sourcesOf } from "./references.ts";
import type { ReferenceOptions } from "./references.ts";
import { aThirdOf, nearest } from "../text/suggest.ts";

export interface MisspeltStage {
  readonly name: string;
  /** The stage that was probably meant. */
  readonly meant: string;
  /** 1-based; `endLine` is the last line of the instruction. */
  readonly line: number;
  readonly endLine: number;
}

/** A Dockerfile with more such names is not one that a person misspelt. */
const MAX_COMPARED = 100;

/** Only names that any image of a registry's own could have too: without a host, a path or a tag. @throws InvalidInput if the target does not exist */
export function misspeltStages(dockerfile: Dockerfile, options: ReferenceOptions = {}): MisspeltStage[] {
  const { stages, escape } = dockerfile;
  let compared = 0;
  return neededStages(dockerfile, options).flatMap((stage) => {
    const earlier = stages.slice(0, stage.index).flatMap(({ name }) => name ?? []);
    return stage.instructions.flatMap((instruction) =>
      sourcesOf(instruction, escape).flatMap((name) => {
        if (!/^[a-z0-9._-]+$/i.test(name) || /^\d+$/.test(name) || findStage(stages, name) !== undefined) return [];
        if (++compared > MAX_COMPARED) return [];
        const meant = nearest(name.toLowerCase(), earlier, () => Math.max(1, aThirdOf(name)));
        return meant === undefined ? [] : [{ name, meant, line: instruction.line, endLine: instruction.endLine }];
      }),
    );
  });
}
