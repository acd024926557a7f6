/** Flags of `build` about the pod itself: where it runs, what it may use, how far it is shut in. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { many } from "./shared.ts";
import type { PodRequest } from "../../plan/request.ts";

export const podFlags = {
  "node-selector": many({
    description: "build on nodes with this label; may be repeated",
    helpGroup: "POD",
    helpValue: "KEY=VALUE",
  }),
  toleration: many({
    description: "build on nodes with this taint, too; may be repeated",
    helpGroup: "POD",
    helpValue: "KEY[=VALUE][:EFFECT]",
  }),
  "runtime-class": Flags.string({
    description: "run the pod under this RuntimeClass",
    env: "SLIPWAY_RUNTIME_CLASS",
    helpGroup: "POD",
    helpValue: "NAME",
  }),
  requests: many({
    description: "what the builder asks the scheduler for",
    helpGroup: "POD",
    helpValue: "cpu=1,memory=2Gi",
  }),
  limits: many({
    description: "what the builder may use at most",
    helpGroup: "POD",
    helpValue: "cpu=4,memory=8Gi",
  }),
  userns: Flags.option({ options: ["auto", "always", "never"] as const, default: "auto" })({
    description: "make root in the pod nobody on the node (hostUsers: false); auto: where all nodes can",
    env: "SLIPWAY_USERNS",
    helpGroup: "POD",
  }),
  security: Flags.option({ options: ["baseline", "restricted"] as const, default: "baseline" })({
    description: "Pod Security level the pod has to fit; restricted: kaniko alone, from images whose files are root's",
    env: "SLIPWAY_SECURITY",
    helpGroup: "POD",
  }),
  isolate: Flags.string({
    description: "share no node with builds of other tenants; without a name the namespace is the tenant",
    env: "SLIPWAY_ISOLATE",
    helpGroup: "POD",
    helpValue: "[=TENANT]",
  }),
  "pod-template": Flags.string({
    description: "lay this Pod, in YAML or JSON, over the build's, as kubectl patch would",
    env: "SLIPWAY_POD_TEMPLATE",
    helpGroup: "POD",
    helpValue: "FILE",
  }),
  "allow-unsafe-template": Flags.boolean({
    description: "let --pod-template undo what keeps the build unprivileged",
    helpGroup: "POD",
  }),
};

/** These flags as the build asks for them. */
export function podRequest(flags: Interfaces.InferredFlags<typeof podFlags>): PodRequest {
  const [runtimeClass, template] = [flags["runtime-class"], flags["pod-template"]];
  const { userns, security, isolate } = flags;
  return {
    nodeSelector: flags["node-selector"],
    tolerations: flags.toleration,
    requests: flags.requests,
    limits: flags.limits,
    userns,
    security,
    ...(isolate === undefined ? {} : { isolate }),
    allowUnsafe: flags["allow-unsafe-template"],
    ...(runtimeClass === undefined ? {} : { runtimeClass }),
    ...(template === undefined ? {} : { template }),
  };
}
