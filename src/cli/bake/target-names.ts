/** The names that `bake` takes, for a shell's completion. */
import { InvalidInput } from "../../errors.ts";
import { textOf } from "../../plan/bake/definition.ts";
import { readBakeDefinition } from "./read-plan.ts";
import type { Environment } from "./read-plan.ts";
import { WORKING_DIRECTORY } from "../../plan/bake/resolve.ts";

/**
 * Names of the groups and targets of the files. Only files of this machine are read.
 * @throws InvalidInput for files that cannot be read or evaluated
 */
export async function bakeNames(
  files: readonly string[],
  variables: readonly string[],
  env: Environment,
  directory: string,
): Promise<{ readonly value: string; readonly description: string }[]> {
  const { definition } = await readBakeDefinition({
    files: files.filter((file) => file !== "-"),
    variables,
    allow: [],
    env,
    directory,
    // A pipe can be read only once, and somebody waits for the answer.
    regularOnly: true,
    commandContext: WORKING_DIRECTORY,
    fetchRemote: async () => {
      throw new InvalidInput("completion fetches nothing");
    },
  });
  const targets = definition.targets.map((target) => ({
    value: target.name,
    description: textOf(target, "description") ?? "target",
  }));
  const groups = definition.groups.map(({ name, description, targets: members }) => ({
    value: name,
    description: description ?? `group of ${members.join(", ")}`,
  }));
  return [...groups, ...targets].filter(({ value }) => !value.startsWith("_"));
}
