/** The objects of a build as YAML documents, as --dry-run prints them: complete, but for the values of Secrets. */
import type { V1PodSpec } from "@kubernetes/client-node";
import type { BuildObjects } from "../../run/objects.ts";
import { dump } from "js-yaml";

export function printObjects({ job, claims = [], configMap, secret, networkPolicy }: BuildObjects): string {
  const hidden = secret === undefined ? undefined : { ...secret, data: mask(secret.data) };
  return printYaml([networkPolicy, ...claims, configMap, hidden, job].filter((object) => object !== undefined));
}

/** Base64 of nothing, so that the document still applies. */
function mask(data: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(Object.keys(data ?? {}).map((key) => [key, ""]));
}

/** A pod as it would stand in a manifest. */
export function printPod(spec: V1PodSpec): string {
  return printYaml([{ spec }]);
}

// Objects as a stream of YAML documents, for kubectl.

export function printYaml(objects: readonly object[]): string {
  return objects.map((object) => `---\n${dump(object, { lineWidth: -1, noRefs: true })}`).join("");
}
