/** Flags of the pod itself: where it runs and what it may use. Pure; each wrong value gives one message. */
import { InvalidInput } from "../../errors.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** For `--isolate`: the tenant is the namespace of the build. A tenant cannot have this name. */
export const OWN_NAMESPACE = ".";

export type UserNamespaces = "auto" | "always" | "never";

export interface Toleration {
  readonly key: string;
  readonly operator: "Equal" | "Exists";
  readonly value?: string;
  readonly effect?: string;
}

export interface Resources {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

/** Name of a label or a resource (apimachinery, validation.IsQualifiedName). */
const QUALIFIED = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;

/** @throws InvalidInput */
export function parseNodeSelector(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((text): [string, string] => {
      const at = text.indexOf("=");
      const [key, value] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
      if (at !== -1 && QUALIFIED.test(key) && LABEL_VALUE.test(value)) return [key, value];
      throw new InvalidInput(`--node-selector ${text} is not a label`, {
        suggestions: ["Write --node-selector KEY=VALUE."],
      });
    }),
  );
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** `KEY=VALUE:EFFECT`, as `kubectl taint` writes taints. Without a value: any value. Without an effect: all effects. @throws InvalidInput */
export function parseTolerations(values: readonly string[]): Toleration[] {
  return values.map((text) => {
    const [, key = "", value, effect] = /^([^=:]+)(?:=([^:]*))?(?::(\w+))?$/.exec(text) ?? [];
    if (!QUALIFIED.test(key) || !LABEL_VALUE.test(value ?? "") || (effect !== undefined && !EFFECTS.includes(effect))) {
      throw new InvalidInput(`--toleration ${text} is not a taint`, {
        suggestions: [`Write --toleration KEY[=VALUE][:EFFECT]. EFFECT is one of: ${EFFECTS.join(", ")}.`],
      });
    }
    return {
      key,
      ...(value === undefined ? { operator: "Exists" } : { operator: "Equal", value }),
      ...omitUndefined({ effect }),
    };
  });
}

/** Name of a tenant, which becomes the value of a label. @throws InvalidInput */
export function parseTenant(text: string): string {
  if (text === OWN_NAMESPACE || (text !== "" && LABEL_VALUE.test(text))) return text;
  throw new InvalidInput(`--isolate=${text} is not a valid tenant name`, {
    suggestions: [
      "Write only --isolate for the namespace, or --isolate=NAME with at most 63 letters, digits, -, _ and dots.",
    ],
  });
}

/** @throws InvalidInput */
export function parseRuntimeClass(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidInput(`--runtime-class ${text} is not a name`, {
    suggestions: ["List the runtime classes: kubectl get runtimeclasses"],
  });
}

/**
 * `NAME=QUANTITY`, several separated by commas, as for `kubectl set resources`.
 * @param already resources of docker's flags; these values replace them
 * @throws InvalidInput
 */
export function parseResources(
  { requests, limits }: { readonly requests: readonly string[]; readonly limits: readonly string[] },
  already: Resources = { requests: {}, limits: {} },
): Resources | undefined {
  const resources = {
    requests: { ...already.requests, ...quantitiesOf(requests, "requests") },
    limits: { ...already.limits, ...quantitiesOf(limits, "limits") },
  };
  for (const [name, request] of Object.entries(resources.requests)) {
    const limit = resources.limits[name];
    if (limit === undefined || amountOf(request) <= amountOf(limit)) continue;
    throw new InvalidInput(`the builder requests ${name} ${request}, which is more than its limit of ${limit}`, {
      suggestions: ["Raise --limits, or lower --requests."],
    });
  }
  return Object.keys({ ...resources.requests, ...resources.limits }).length === 0 ? undefined : resources;
}

function quantitiesOf(values: readonly string[], flag: "requests" | "limits"): Record<string, string> {
  const pairs = values.flatMap((text) => text.split(",")).filter((text) => text.trim() !== "");
  return Object.fromEntries(
    pairs.map((text): [string, string] => {
      const [name = "", quantity = ""] = text.trim().split("=");
      if (QUALIFIED.test(name) && Number.isFinite(amountOf(quantity))) return [name, quantity];
      throw new InvalidInput(`--${flag} ${text} is not a resource and its quantity`, {
        suggestions: [`Write it as Kubernetes does: --${flag} cpu=500m,memory=2Gi.`],
      });
    }),
  );
}

const SUFFIXES: Readonly<Record<string, number>> = {
  "": 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity (apimachinery, resource.ParseQuantity) as a number; NaN for an invalid one. */
function amountOf(text: string): number {
  const [, number = "", suffix = ""] = /^(\d+(?:\.\d*)?|\.\d+)([mkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?$/.exec(text) ?? [];
  if (number === "") return Number.NaN;
  return /^[eE][+-]?\d/.test(suffix) ? Number(`${number}${suffix}`) : Number(number) * (SUFFIXES[suffix] ?? Number.NaN);
}
