/** A pod template of the user's, laid over the pod that builds. */
import type { V1PodTemplateSpec } from "@kubernetes/client-node";
import { InvalidInput } from "../../errors.ts";
import type { PodTemplate } from "../../plan/pod/read-template.ts";
import { strategicMerge } from "../../lib/kube/strategic-merge.ts";
import type { Fields } from "../../lib/kube/strategic-merge.ts";
import { privilegesAdded } from "./unprivileged.ts";

export interface LaidOver {
  readonly pod: V1PodTemplateSpec;
  /** Paths of the fields by which the pod may do more than a build may; none, unless it was allowed. */
  readonly unsafe: readonly string[];
}

/**
 * @param allowUnsafe the template may undo what keeps the build unprivileged
 * @throws InvalidInput for a template that would, or that does not fit the pod
 */
export function layOver(pod: V1PodTemplateSpec, template: PodTemplate, allowUnsafe: boolean): LaidOver {
  const { file, ...fields } = template;
  const merged = strategicMerge(pod as unknown as Fields, fields) as unknown as V1PodTemplateSpec;
  const nameless = [...(merged.spec?.containers ?? []), ...(merged.spec?.initContainers ?? [])].find(
    ({ image }) => image === undefined,
  );
  if (nameless !== undefined) {
    const names = (pod.spec?.containers ?? []).map(({ name }) => name);
    throw new InvalidInput(
      `--pod-template ${file}: the build's pod has no container "${nameless.name}", and a new one needs an image`,
      { suggestions: [`The containers there are: ${names.join(", ")}.`] },
    );
  }
  for (const { name } of pod.spec?.containers ?? []) {
    if (merged.spec?.containers.some((container) => container.name === name) === true) continue;
    throw new InvalidInput(`--pod-template ${file} takes away the container "${name}", which builds`);
  }
  const unsafe = privilegesAdded(pod, merged);
  const [first] = unsafe;
  if (first !== undefined && !allowUnsafe) {
    throw new InvalidInput(
      `--pod-template ${file} would let the build do more than an unprivileged pod may: ${unsafe.join(", ")}`,
      {
        suggestions: [
          unsafe.length === 1 ? `Take ${first} out.` : "Take these fields out.",
          "If that is what you want, say so with --allow-unsafe-template.",
        ],
      },
    );
  }
  return { pod: merged, unsafe };
}
