/** The targets of a bake in the order they can be built. */
import { InvalidInput } from "../../errors.ts";
import { mapOf, textsOf, withFields } from "../../plan/bake/definition.ts";
import type { Target } from "../../plan/bake/definition.ts";
import type { Resolved } from "../../plan/bake/resolve.ts";

export interface ChosenTarget {
  readonly target: Target;
  /** Names of the targets whose images it builds on. */
  readonly after: readonly string[];
  /** Nothing but another target asks for it. */
  readonly isLinked: boolean;
}

const ON_TARGET = "target:";

function namesOn(target: Target): string[] {
  return [...mapOf(target, "contexts").values()].flatMap((context) =>
    context?.startsWith(ON_TARGET) === true ? [context.slice(ON_TARGET.length)] : [],
  );
}

/**
 * Each after those it builds on; their contexts `target:NAME` become the images that NAME is pushed as.
 * @throws InvalidInput where NAME has no name to be pulled by
 */
export function chosenTargets({ targets, linked }: Resolved): readonly ChosenTarget[] {
  const chosen = new Map<string, ChosenTarget>();
  const choose = (name: string): void => {
    const target = targets.get(name);
    if (target === undefined || chosen.has(name)) return;
    const after = namesOn(target);
    for (const other of after) choose(other);
    chosen.set(name, { target: withImages(target, targets), after, isLinked: linked.has(name) });
  };
  for (const name of targets.keys()) choose(name);
  return [...chosen.values()];
}

function withImages(target: Target, targets: ReadonlyMap<string, Target>): Target {
  // What only says something of the Dockerfile needs no image.
  if (target.fields.has("call")) return target;
  const contexts = [...mapOf(target, "contexts")].map(([name, context]): [string, string | null] => {
    if (context?.startsWith(ON_TARGET) !== true) return [name, context];
    const other = targets.get(context.slice(ON_TARGET.length));
    const [tag] = other === undefined ? [] : textsOf(other, "tags");
    if (tag === undefined) {
      const names = context.slice(ON_TARGET.length);
      throw new InvalidInput(`target ${target.name} builds on ${names}, which has no tag to find its image by`, {
        suggestions: [`Give ${names} a name in a registry: \`tags\`, or \`image:\` in compose.yaml.`],
      });
    }
    return [name, `docker-image://${tag}`];
  });
  return contexts.length === 0 ? target : withFields(target, [["contexts", new Map(contexts)]]);
}
