/** Finds the stages that a target depends on. */
import { findStage } from "../parse.ts";
import { mountFields } from "../words.ts";
import type { BuildStage, Dockerfile } from "../parse.ts";

/** The target itself, and all stages that it starts from, copies from or mounts. */
export function familyOf({ stages, escape }: Dockerfile, target: BuildStage): ReadonlySet<BuildStage> {
  const family = new Set([target]);
  for (const { base, index, instructions } of family) {
    const named = instructions.flatMap(({ flags }) =>
      flags.flatMap(({ name, value = "" }) => {
        if (name === "from") return [value];
        return name === "mount" ? (mountFields(value, escape).get("from") ?? []) : [];
      }),
    );
    for (const name of [base, ...named]) {
      const stage = findStage(stages.slice(0, index), name);
      if (stage !== undefined) family.add(stage);
    }
  }
  return family;
}
