/** Merges the user's pod template into the pod that builds. */
import type { V1PodTemplateSpec } from "@kubernetes/client-node";
import { InvalidInput } from "../../errors.ts";
import type { PodTemplate } from "../../plan/pod/read-template.ts";
import { strategicMerge } from "../../lib/kube/strategic-merge.ts";
import type { Fields } from "../../lib/kube/strategic-merge.ts";
import { privilegesAdded } from "./unprivileged.ts";

export interface LaidOver {
  readonly pod: V1PodTemplateSpec;
  /** Paths of the fields that give the pod more than an unprivileged build has; empty unless that was allowed. */
  readonly unsafe: readonly string[];
}

/**
 * @param allowUnsafe the template may give the build more than an unprivileged pod has
 * @throws InvalidInput for a template that would without that, or that does not fit the pod
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
      `--pod-template ${file}: the build's pod has no container "${nameless.name}", and a new container needs an image`,
      { suggestions: [`Its containers are: ${names.join(", ")}.`] },
    );
  }
  for (const { name } of pod.spec?.containers ?? []) {
    if (merged.spec?.containers.some((container) => container.name === name) === true) continue;
    throw new InvalidInput(`--pod-template ${file} removes the container "${name}", which builds`);
  }
  const unsafe = privilegesAdded(pod, merged);
  const [first] = unsafe;
  if (first !== undefined && !allowUnsafe) {
    throw new InvalidInput(
      `--pod-template ${file} would give the build more than an unprivileged pod has: ${unsafe.join(", ")}`,
      {
        suggestions: [
          unsafe.length === 1 ? `Remove ${first}.` : "Remove these fields.",
          "If you want that, add --allow-unsafe-template.",
        ],
      },
    );
  }
  return { pod: merged, unsafe };
}
