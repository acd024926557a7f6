/** From the flags about the pod, and the file one of them names, to what is asked of it: pure. */
import type { DockerOptions } from "./docker/options.ts";
import type { Platform } from "../lib/image/platform.ts";
import { InvalidInput } from "../errors.ts";
import { parseNodeSelector, parseResources, parseRuntimeClass, parseTenant, parseTolerations } from "./pod/options.ts";
import type { PodTemplate } from "./pod/read-template.ts";
import type { PodSettings } from "./plan.ts";
import type { PodRequest } from "./request.ts";

/**
 * @param template what the file `request.template` names holds
 * @param docker what docker's own flags ask for: resources are put together with these
 * @throws InvalidInput
 */
export function podSettingsOf(
  request: PodRequest,
  template: PodTemplate | undefined,
  docker: Pick<DockerOptions, "resources" | "platform">,
): PodSettings & Pick<DockerOptions, "resources"> {
  const { nodeSelector = [], tolerations = [], runtimeClass, requests = [], limits = [] } = request;
  if (request.allowUnsafe === true && template === undefined) {
    throw new InvalidInput("--allow-unsafe-template is about a template, and there is none", {
      suggestions: ["Name one with --pod-template FILE, or leave it out."],
    });
  }
  const restricted = request.security === "restricted";
  if (restricted && request.userns === "never") {
    throw new InvalidInput("--security restricted and --userns never exclude each other", {
      suggestions: ["Leave --userns out: a builder that is root fits restricted in a user namespace alone."],
    });
  }
  const userns = restricted ? "always" : request.userns;
  const resources = parseResources({ requests, limits }, docker.resources);
  return {
    ...(nodeSelector.length === 0 ? {} : { nodeSelector: agreeing(parseNodeSelector(nodeSelector), docker.platform) }),
    ...(tolerations.length === 0 ? {} : { tolerations: parseTolerations(tolerations) }),
    ...(runtimeClass === undefined ? {} : { runtimeClass: parseRuntimeClass(runtimeClass) }),
    ...(resources === undefined ? {} : { resources }),
    ...(userns === undefined || userns === "never" ? {} : { userns }),
    ...(restricted ? { restricted } : {}),
    ...(request.isolate === undefined ? {} : { tenant: parseTenant(request.isolate) }),
    ...(template === undefined ? {} : { podTemplate: template }),
    ...(request.allowUnsafe === true ? { allowUnsafeTemplate: true } : {}),
  };
}

function agreeing(labels: Record<string, string>, platform: Platform | undefined): Record<string, string> {
  if (platform === undefined) return labels;
  for (const [label, value] of [
    ["kubernetes.io/os", platform.os],
    ["kubernetes.io/arch", platform.arch],
  ] as const) {
    if (labels[label] === undefined || labels[label] === value) continue;
    throw new InvalidInput(`--platform wants nodes of ${value}, and --node-selector ${label}=${labels[label]} others`, {
      suggestions: ["Leave one of them out: an image is built on a node of its platform."],
    });
  }
  return labels;
}
