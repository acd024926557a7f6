/**
 * Moves values out of a pod's manifest, for every builder in the same way: each becomes a key of the build's own Secret, a variable of the
 * container has it from there, and where it stood, Kubernetes puts the variable's value in (`$(NAME)`).
 */
import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import { expandSafe } from "../builders/arguments.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

const VARIABLE = "SLIPWAY_VALUE_";

/** Shorter values are replaced only as the whole value of an argument, as they may stand in any word. */
const LEAST_LENGTH_INSIDE = 8;

export interface HiddenValues {
  readonly spec: V1PodSpec;
  /** Keys and values for the Secret. */
  readonly data: ReadonlyMap<string, string>;
}

/**
 * @param values longest first
 * @param secret name of the build's own Secret
 */
export function hideValues(spec: V1PodSpec, values: readonly string[], secret: string): HiddenValues {
  if (values.length === 0) return { spec, data: new Map() };
  // A value may be quoted as a field of CSV.
  const forms = values.flatMap((value) => (value.includes('"') ? [value, value.replaceAll('"', '""')] : [value]));
  const hidden = forms.map((value, index) => ({
    value,
    variable: `${VARIABLE}${index}`,
    key: `hidden-value.${index}`,
  }));
  const used = new Set<string>();
  const hide = (text: string): { text: string; variables: string[] } => {
    const variables: string[] = [];
    let rest = text;
    for (const { value, variable } of hidden) {
      const written = expandSafe(value);
      const isInside = value.length >= LEAST_LENGTH_INSIDE && rest.includes(written);
      if (!isInside && rest !== written && !rest.endsWith(`=${written}`)) continue;
      variables.push(variable);
      rest = isInside
        ? rest.replaceAll(written, () => `$(${variable})`)
        : `${rest.slice(0, rest.length - written.length)}$(${variable})`;
    }
    return { text: rest, variables };
  };
  const inContainer = (container: V1Container): V1Container => {
    const needed = new Set<string>();
    const hideAll = (texts: readonly string[]): string[] =>
      texts.map((text) => {
        const result = hide(text);
        for (const variable of result.variables) needed.add(variable);
        return result.text;
      });
    const args = container.args === undefined ? undefined : hideAll(container.args);
    const env = (container.env ?? []).map((entry) =>
      entry.value === undefined ? entry : { ...entry, value: hideAll([entry.value])[0] ?? "" },
    );
    if (needed.size === 0) return container;
    for (const variable of needed) used.add(variable);
    // Kubernetes fills in only variables that stand before.
    const variables = hidden
      .filter(({ variable }) => needed.has(variable))
      .map(({ variable, key }) => ({ name: variable, valueFrom: { secretKeyRef: { name: secret, key } } }));
    return { ...container, ...omitUndefined({ args }), env: [...variables, ...env] };
  };
  const containers = spec.containers.map(inContainer);
  const initContainers = spec.initContainers?.map(inContainer);
  const data = new Map(hidden.filter(({ variable }) => used.has(variable)).map(({ key, value }) => [key, value]));
  return { spec: { ...spec, ...omitUndefined({ initContainers }), containers }, data };
}
