/** Chooses the targets of a bake file to build, and their order. */
import { InvalidInput } from "../../errors.ts";
import type { BakeFile, BakeTarget } from "./bake-file.ts";

export interface ChosenTarget {
  readonly target: BakeTarget;
  /** Names of the targets whose images it uses. */
  readonly after: readonly string[];
}

const TARGET_PREFIX = "target:";

/**
 * @param names targets or groups; empty: the group or target `default`
 * @returns these targets and all targets that they need, each after the ones it needs
 * @throws InvalidInput for an unknown name, and for targets that need each other
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
        suggestions: [`The bake file has: ${[...file.groups.keys(), ...file.targets.keys()].join(", ") || "none"}.`],
      });
    }
    const after = Object.values(target.contexts).flatMap((context) =>
      context.startsWith(TARGET_PREFIX) ? [context.slice(TARGET_PREFIX.length)] : [],
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
  // A group may have the same name as one of its targets.
  if (members === undefined || path.includes(name)) return [name];
  return members.flatMap((member) => membersOf(file, member, [...path, name]));
}

/**
 * The target with each `target:NAME` context replaced by the image that NAME pushes.
 * @throws InvalidInput if the target NAME has no tag
 */
export function withImages(target: BakeTarget, targets: ReadonlyMap<string, BakeTarget>): BakeTarget {
  const contexts = Object.entries(target.contexts).map(([name, context]) => {
    if (!context.startsWith(TARGET_PREFIX)) return [name, context];
    const other = context.slice(TARGET_PREFIX.length);
    const [tag] = targets.get(other)?.lists.tags ?? [];
    if (tag === undefined) {
      throw new InvalidInput(`bake: target ${target.name} uses the image of ${other}, which has no tag`, {
        suggestions: [`Set \`tags\` of ${other}, or \`image:\` in compose.yaml.`],
      });
    }
    return [name, `docker-image://${tag}`];
  });
  return { ...target, contexts: Object.fromEntries(contexts) as Record<string, string> };
}
