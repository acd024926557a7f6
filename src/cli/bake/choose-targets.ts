/** Which targets of a bake file are to be built, and after which others. */
import { InvalidInput } from "../../errors.ts";
import type { BakeFile, BakeTarget } from "./bake-file.ts";

export interface ChosenTarget {
  readonly target: BakeTarget;
  /** Names of the targets whose images it builds on. */
  readonly after: readonly string[];
}

const ON_TARGET = "target:";

/**
 * @param names targets or groups; none: the group or target `default`
 * @returns them and all that they build on, each after what it needs
 * @throws InvalidInput for a name that is neither, and for targets that need each other
 */
export function chooseTargets(file: BakeFile, names: readonly string[]): ChosenTarget[] {
  const chosen = new Map<string, ChosenTarget>();
  const choose = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      throw new InvalidInput(
        `bake: the targets ${[...path.slice(path.indexOf(name)), name].join(" → ")} need each other`,
      );
    }
    if (chosen.has(name)) return;
    const target = file.targets.get(name);
    if (target === undefined) {
      throw new InvalidInput(`failed to find target ${name}`, {
        suggestions: [`There are: ${[...file.groups.keys(), ...file.targets.keys()].join(", ") || "none"}.`],
      });
    }
    const after = Object.values(target.contexts).flatMap((context) =>
      context.startsWith(ON_TARGET) ? [context.slice(ON_TARGET.length)] : [],
    );
    for (const other of after) choose(other, [...path, name]);
    chosen.set(name, { target, after });
  };
  for (const name of names.length === 0 ? ["default"] : names) {
    for (const member of membersOf(file, name, [])) choose(member, []);
  }
  return [...chosen.values()];
}

function membersOf(file: BakeFile, name: string, path: readonly string[]): string[] {
  const members = file.groups.get(name);
  // A group may bear the name of one of its targets.
  if (members === undefined || path.includes(name)) return [name];
  return members.flatMap((member) => membersOf(file, member, [...path, name]));
}

/**
 * What a target's `target:NAME` contexts become: the image NAME is pushed under.
 * @throws InvalidInput where NAME has no name to be pulled by
 */
export function withImages(target: BakeTarget, targets: ReadonlyMap<string, BakeTarget>): BakeTarget {
  const contexts = Object.entries(target.contexts).map(([name, context]) => {
    if (!context.startsWith(ON_TARGET)) return [name, context];
    const other = context.slice(ON_TARGET.length);
    const [tag] = targets.get(other)?.lists.tags ?? [];
    if (tag === undefined) {
      throw new InvalidInput(`bake: target ${target.name} builds on ${other}, which has no tag to find its image by`, {
        suggestions: [`Give ${other} a name in a registry: \`tags\`, or \`image:\` in compose.yaml.`],
      });
    }
    return [name, `docker-image://${tag}`];
  });
  return { ...target, contexts: Object.fromEntries(contexts) as Record<string, string> };
}
