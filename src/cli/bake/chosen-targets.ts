/** The targets of a bake in an order in which they can be built, as args of `slipway build`. */
import { InvalidInput } from "../../errors.ts";
import { mapOf, textOf, textsOf, withFields } from "../../plan/bake/definition.ts";
import type { Target } from "../../plan/bake/definition.ts";
import type { BakePlan } from "../../plan/bake/plan-bake.ts";
import { targetArgs } from "./target-args.ts";
import type { TargetArgs } from "./target-args.ts";

export interface ChosenTarget extends TargetArgs {
  readonly name: string;
  readonly description?: string;
  /** Names of the targets whose images it uses. */
  readonly after: readonly string[];
  /** It has a `call`: its Dockerfile is answered about, and nothing is built. */
  readonly isAnswered: boolean;
}

const TARGET_PREFIX = "target:";

function neededBy(target: Target): string[] {
  return [...mapOf(target, "contexts").values()].flatMap((context) =>
    context?.startsWith(TARGET_PREFIX) === true ? [context.slice(TARGET_PREFIX.length)] : [],
  );
}

/**
 * Each target comes after the ones it needs. Its contexts `target:NAME` become the images that NAME pushes.
 * @param fromCompose compose has made the definition from its services
 * @throws InvalidInput if a needed target has no tag
 */
export function chosenTargets(plan: BakePlan, fromCompose = false): readonly ChosenTarget[] {
  const { targets, linked } = plan;
  const chosen = new Map<string, ChosenTarget>();
  const choose = (name: string): void => {
    const target = targets.get(name);
    if (target === undefined || chosen.has(name)) return;
    const after = neededBy(target);
    for (const other of after) choose(other);
    const description = textOf(target, "description") ?? "";
    chosen.set(name, {
      ...targetArgs(withImages(target, targets), linked.has(name), { ...plan, fromCompose }),
      name,
      ...(description === "" ? {} : { description }),
      after,
      isAnswered: target.fields.has("call"),
    });
  };
  for (const name of targets.keys()) choose(name);
  return [...chosen.values()];
}

function withImages(target: Target, targets: ReadonlyMap<string, Target>): Target {
  // An answer about the Dockerfile needs no image.
  if (target.fields.has("call")) return target;
  const contexts = [...mapOf(target, "contexts")].map(([name, context]): [string, string | null] => {
    if (context?.startsWith(TARGET_PREFIX) !== true) return [name, context];
    const needed = context.slice(TARGET_PREFIX.length);
    const other = targets.get(needed);
    const [tag] = other === undefined ? [] : textsOf(other, "tags");
    if (tag === undefined) {
      throw new InvalidInput(`target ${target.name} uses the image of ${needed}, which has no tag to pull it by`, {
        suggestions: [`Give ${needed} a name in a registry: \`tags\`, or \`image:\` in compose.yaml.`],
      });
    }
    return [name, `docker-image://${tag}`];
  });
  return contexts.length === 0 ? target : withFields(target, [["contexts", new Map(contexts)]]);
}
