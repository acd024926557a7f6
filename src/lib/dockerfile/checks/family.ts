/** Which stages a target is made of. */
import { findStage } from "../parse.ts";
import type { BuildStage, Dockerfile } from "../parse.ts";

/** The stage, those it starts from, and those it copies or mounts from. */
export function familyOf({ stages }: Dockerfile, target: BuildStage): ReadonlySet<BuildStage> {
  const family = new Set([target]);
  for (const { base, index, instructions } of family) {
    const named = instructions.flatMap(({ flags }) =>
      flags.flatMap(({ name, value = "" }) => {
        if (name === "from") return [value];
        return name === "mount" ? (mountFields(value).get("from") ?? []) : [];
      }),
    );
    for (const name of [base, ...named]) {
      const stage = findStage(stages.slice(0, index), name);
      if (stage !== undefined) family.add(stage);
    }
  }
  return family;
}

/** `type=secret,id=a,required`, keys in lower case. */
export function mountFields(value: string): ReadonlyMap<string, string> {
  return new Map(
    value.split(",").map((field): [string, string] => {
      const [key = "", ...rest] = field.split("=");
      return [key.trim().toLowerCase(), rest.join("=")];
    }),
  );
}
