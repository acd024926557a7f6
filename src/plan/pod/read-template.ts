/** Reads the user's pod template from the text of a file: YAML or JSON; a Pod, a PodTemplate, or only the fields. */
import { load } from "js-yaml";
import { InvalidInput } from "../../errors.ts";
import { isFields } from "../../lib/kube/strategic-merge.ts";
import type { Fields } from "../../lib/kube/strategic-merge.ts";

/** The fields to merge over the pod. `metadata` has only labels and annotations. */
export interface PodTemplate {
  /** The file as the user wrote it, for messages. */
  readonly file: string;
  readonly metadata?: Fields;
  readonly spec?: Fields;
}

/** Labels and annotations that slipway and Kubernetes use to find a build. */
const RESERVED =
  /^(?:slipway\.dev\/|app\.kubernetes\.io\/managed-by$|batch\.kubernetes\.io\/|controller-uid$|job-name$)/;

/** Fields that a template cannot set, with the reason. */
const FIXED: Readonly<Record<string, string>> = {
  restartPolicy: "a failed build does not restart in the same pod",
  schedulingGates: "the pod waits for its files behind a scheduling gate",
  activeDeadlineSeconds: "the build's time limit is --timeout",
};

/** @throws InvalidInput with the file's name */
export function readTemplate(file: string, text: string): PodTemplate {
  const refuse = (what: string, ...suggestions: string[]): InvalidInput =>
    new InvalidInput(`--pod-template ${file}: ${what}`, { suggestions });
  const read = parsed(file, text);
  if (!isFields(read)) throw refuse("it is not a map of fields", "Write metadata: and spec:, as in a Pod.");
  const { apiVersion, kind, ...rest } = read;
  if (kind !== undefined && kind !== "Pod" && kind !== "PodTemplate") {
    throw refuse(
      `the kind ${JSON.stringify(kind)} is not a Pod or a PodTemplate`,
      "Write a Pod, a PodTemplate, or only the fields metadata and spec.",
    );
  }
  if (apiVersion !== undefined && apiVersion !== "v1")
    throw refuse(`apiVersion ${JSON.stringify(apiVersion)} is not v1`);
  const template = kind === "PodTemplate" && isFields(rest["template"]) ? rest["template"] : rest;
  const stray = Object.keys(template).find((key) => !["metadata", "spec", "template"].includes(key));
  if (stray !== undefined) throw refuse(`unknown field ${stray}`, "Write metadata: and spec:, as in a Pod.");
  const { metadata = {}, spec = {} } = template;
  if (!isFields(metadata)) throw refuse("metadata has to be a map of fields");
  if (!isFields(spec)) throw refuse("spec has to be a map of fields");
  const other = Object.keys(metadata).find((key) => key !== "labels" && key !== "annotations");
  if (other !== undefined) {
    throw refuse(
      `metadata.${other} cannot be set`,
      "Only labels and annotations of metadata can be set: slipway sets the rest.",
    );
  }
  for (const map of ["labels", "annotations"] as const) {
    const name = Object.keys(isFields(metadata[map]) ? metadata[map] : {}).find((key) => RESERVED.test(key));
    if (name !== undefined)
      throw refuse(`metadata.${map}.${name} is reserved: slipway finds the build by it`, "Remove it.");
  }
  for (const [field, why] of Object.entries(FIXED)) {
    if (spec[field] !== undefined) throw refuse(`spec.${field} cannot be set: ${why}`, "Remove it.");
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
