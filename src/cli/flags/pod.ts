/** Flags of `build` about the pod itself: where it runs, which resources it may use, and how it is isolated. */
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { repeatable } from "./shared.ts";
import type { PodRequest } from "../../plan/request.ts";

export const podFlags = {
  "node-selector": repeatable({
    description: "build on nodes with this label; may be repeated",
    helpGroup: "POD",
    helpValue: "KEY=VALUE",
  }),
  toleration: repeatable({
    description: "tolerate this taint of nodes; may be repeated",
    helpGroup: "POD",
    helpValue: "KEY[=VALUE][:EFFECT]",
  }),
  "runtime-class": Flags.string({
    description: "run the pod with this RuntimeClass",
    env: "SLIPWAY_RUNTIME_CLASS",
    helpGroup: "POD",
    helpValue: "NAME",
  }),
  requests: repeatable({
    description: "resources that the builder requests from the scheduler; may be repeated",
    helpGroup: "POD",
    helpValue: "cpu=1,memory=2Gi",
  }),
  limits: repeatable({
    description: "resources that the builder may use at most; may be repeated",
    helpGroup: "POD",
    helpValue: "cpu=4,memory=8Gi",
  }),
  userns: Flags.option({ options: ["auto", "always", "never"] as const, default: "auto" })({
    description: "run the pod in its own user namespace (hostUsers: false); auto: if every node supports it",
    env: "SLIPWAY_USERNS",
    helpGroup: "POD",
  }),
  security: Flags.option({ options: ["baseline", "restricted"] as const, default: "baseline" })({
    description:
      "Pod Security level that the pod must meet; restricted: only with kaniko, and base images whose files belong to root",
    env: "SLIPWAY_SECURITY",
    helpGroup: "POD",
  }),
  isolate: Flags.string({
    description: "share no node with builds of other tenants (without a name: of other namespaces)",
    env: "SLIPWAY_ISOLATE",
    helpGroup: "POD",
    helpValue: "[=TENANT]",
  }),
  "pod-template": Flags.string({
    description: "merge this Pod, in YAML or JSON, into the build's, as kubectl patch would",
    env: "SLIPWAY_POD_TEMPLATE",
    helpGroup: "POD",
    helpValue: "FILE",
  }),
  "allow-unsafe-template": Flags.boolean({
    description: "let --pod-template remove the settings that keep the build unprivileged",
    helpGroup: "POD",
  }),
};

export function podRequest(flags: Interfaces.InferredFlags<typeof podFlags>): PodRequest {
  return omitUndefined({
    nodeSelector: flags["node-selector"],
    tolerations: flags.toleration,
    requests: flags.requests,
    limits: flags.limits,
    userns: flags.userns,
    security: flags.security,
    isolate: flags.isolate,
    allowUnsafe: flags["allow-unsafe-template"],
    runtimeClass: flags["runtime-class"],
    template: flags["pod-template"],
  });
}
