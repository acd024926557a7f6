/** A pod template of the user's, from the text of a file: YAML or JSON, a Pod, a PodTemplate, or the fields alone. */
import { load } from "js-yaml";
import { InvalidInput } from "../../errors.ts";
import { isFields } from "../../lib/kube/strategic-merge.ts";
import type { Fields } from "../../lib/kube/strategic-merge.ts";

/** What is laid over the pod: `metadata` has labels and annotations alone. */
export interface PodTemplate {
  /** As the user named the file, for messages. */
  readonly file: string;
  readonly metadata?: Fields;
  readonly spec?: Fields;
}

/** Labels and annotations by which a build is followed. */
const RESERVED =
  /^(?:slipway\.dev\/|app\.kubernetes\.io\/managed-by$|batch\.kubernetes\.io\/|controller-uid$|job-name$)/;

/** Fields that the Job and whoever follows it rely on. */
const FIXED: Readonly<Record<string, string>> = {
  restartPolicy: "a build that failed is not started again in the same pod",
  schedulingGates: "the pod waits for its files behind one",
  activeDeadlineSeconds: "the build's time limit is --timeout",
};

/** @throws InvalidInput with the file's name */
export function readTemplate(file: string, text: string): PodTemplate {
  const refuse = (what: string, ...suggestions: string[]): InvalidInput =>
    new InvalidInput(`--pod-template ${file}: ${what}`, { suggestions });
  const read = parsed(file, text);
  if (!isFields(read)) throw refuse("it is not a map of fields", "Write metadata: and spec: as of a Pod.");
  const { apiVersion, kind, ...rest } = read;
  if (kind !== undefined && kind !== "Pod" && kind !== "PodTemplate") {
    throw refuse(
      `a ${JSON.stringify(kind)} is no pod`,
      "Write a Pod, a PodTemplate, or the fields metadata and spec alone.",
    );
  }
  if (apiVersion !== undefined && apiVersion !== "v1")
    throw refuse(`apiVersion ${JSON.stringify(apiVersion)} is not v1`);
  const template = kind === "PodTemplate" && isFields(rest["template"]) ? rest["template"] : rest;
  const stray = Object.keys(template).find((key) => !["metadata", "spec", "template"].includes(key));
  if (stray !== undefined) throw refuse(`there is no place for ${stray}`, "Write metadata: and spec: as of a Pod.");
  const { metadata = {}, spec = {} } = template;
  if (!isFields(metadata)) throw refuse("metadata has to be a map of fields");
  if (!isFields(spec)) throw refuse("spec has to be a map of fields");
  const other = Object.keys(metadata).find((key) => key !== "labels" && key !== "annotations");
  if (other !== undefined) {
    throw refuse(`metadata.${other} cannot be set`, "Of metadata, labels and annotations can: the pod is the build's.");
  }
  for (const place of ["labels", "annotations"] as const) {
    const name = Object.keys(isFields(metadata[place]) ? metadata[place] : {}).find((key) => RESERVED.test(key));
    if (name !== undefined) throw refuse(`metadata.${place}.${name} is what a build is found by`, "Take it out.");
  }
  for (const [field, why] of Object.entries(FIXED)) {
    if (spec[field] !== undefined) throw refuse(`spec.${field} cannot be set: ${why}`, "Take it out.");
  }
  return { file, metadata, spec };
}

function parsed(file: string, text: string): unknown {
  try {
    return load(text);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new InvalidInput(`--pod-template ${file} is neither YAML nor JSON: ${reason}`);
  }
}
