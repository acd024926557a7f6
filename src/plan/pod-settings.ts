/** Makes the settings of the pod from its flags and its template. Pure. */
import type { DockerOptions } from "./docker/options.ts";
import type { Platform } from "../lib/image/platform.ts";
import { InvalidInput } from "../errors.ts";
import { parseNodeSelector, parseResources, parseRuntimeClass, parseTenant, parseTolerations } from "./pod/options.ts";
import type { PodTemplate } from "./pod/read-template.ts";
import type { PodSettings } from "./plan.ts";
import type { PodRequest } from "./request.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

/**
 * @param template content of the file `request.template`
 * @param docker what docker's own flags ask for; the resources are merged with these
 * @throws InvalidInput
 */
export function podSettingsOf(
  request: PodRequest,
  template: PodTemplate | undefined,
  docker: Pick<DockerOptions, "resources" | "platform">,
): PodSettings & Pick<DockerOptions, "resources"> {
  const { nodeSelector = [], tolerations = [], runtimeClass, requests = [], limits = [] } = request;
  if (request.allowUnsafe === true && template === undefined) {
    throw new InvalidInput("--allow-unsafe-template has no effect without a pod template", {
      suggestions: ["Name a template with --pod-template FILE, or remove --allow-unsafe-template."],
    });
  }
  const restricted = request.security === "restricted";
  if (restricted && request.userns === "never") {
    throw new InvalidInput("--security restricted and --userns never exclude each other", {
      suggestions: [
        "Remove --userns: a builder that runs as root meets the level restricted only in a user namespace.",
      ],
    });
  }
  const userns = restricted ? "always" : request.userns;
  const resources = parseResources({ requests, limits }, docker.resources);
  return {
    ...(nodeSelector.length === 0 ? {} : { nodeSelector: agreeing(parseNodeSelector(nodeSelector), docker.platform) }),
    ...(tolerations.length === 0 ? {} : { tolerations: parseTolerations(tolerations) }),
    ...(runtimeClass === undefined ? {} : { runtimeClass: parseRuntimeClass(runtimeClass) }),
    ...omitUndefined({ resources }),
    ...(userns === undefined || userns === "never" ? {} : { userns }),
    ...(restricted ? { restricted } : {}),
    ...(request.isolate === undefined ? {} : { tenant: parseTenant(request.isolate) }),
    ...omitUndefined({ podTemplate: template }),
    ...(request.allowUnsafe === true ? { allowUnsafeTemplate: true } : {}),
  };
}

/** @throws InvalidInput if the labels ask for a node of another platform */
export function agreeing(labels: Record<string, string>, platform: Platform | undefined): Record<string, string> {
  if (platform === undefined) return labels;
  for (const [label, value] of [
    ["kubernetes.io/os", platform.os],
    ["kubernetes.io/arch", platform.arch],
  ] as const) {
    if (labels[label] === undefined || labels[label] === value) continue;
    throw new InvalidInput(
      `--platform needs a node of ${value}, but --node-selector asks for ${label}=${labels[label]}`,
      {
        suggestions: ["Remove one of them: an image is built on a node of its own platform."],
      },
    );
  }
  return labels;
}
