/** Objects as YAML documents for kubectl. --dry-run prints those of a build, complete except for the values of Secrets. */
import type { V1PodSpec } from "@kubernetes/client-node";
import type { BuildObjects } from "../../run/objects.ts";
import { dump } from "js-yaml";

export function printObjects({ job, claims = [], configMap, secret, networkPolicy }: BuildObjects): string {
  const hidden = secret === undefined ? undefined : { ...secret, data: mask(secret.data) };
  return printYaml([networkPolicy, ...claims, configMap, hidden, job].filter((object) => object !== undefined));
}

/** Empty values are valid base64, so kubectl still accepts the document. */
function mask(data: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(Object.keys(data ?? {}).map((key) => [key, ""]));
}

/** A pod as in a manifest. */
export function printPod(spec: V1PodSpec): string {
  return printYaml([{ spec }]);
}

export function printYaml(objects: readonly object[]): string {
  return objects.map((object) => `---\n${dump(object, { lineWidth: -1, noRefs: true })}`).join("");
}
