/**
 * What an admission policy of the cluster changed about a build's pod: the pod that was asked for, compared with the one that was made.
 * Only fields that decide whether a builder can work; further tolerations, labels, volumes and containers do no harm.
 */
import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import { ClusterError } from "../../errors.ts";

export interface PolicyChange {
  /** `readOnlyRootFilesystem of the container kaniko is true, not unset`. */
  readonly text: string;
  /** No builder can work like this. */
  readonly fatal: boolean;
}

type Value = string | number | boolean | undefined;

interface Field {
  readonly name: string;
  readonly of: (container: V1Container, pod: V1PodSpec) => Value;
  /** Whether no builder can work with the new value. */
  readonly fatal?: (is: Value, was: Value, user: number | undefined) => boolean;
}

const userOf = ({ securityContext: own }: V1Container, { securityContext: pod }: V1PodSpec): number | undefined =>
  own?.runAsUser ?? pod?.runAsUser;

/** The container's value counts before the pod's, as for the kubelet. */
const FIELDS: readonly Field[] = [
  {
    name: "readOnlyRootFilesystem",
    of: ({ securityContext }) => securityContext?.readOnlyRootFilesystem,
    fatal: (is) => is === true,
  },
  { name: "runAsUser", of: userOf, fatal: (_, was) => was !== undefined },
  {
    name: "runAsNonRoot",
    of: ({ securityContext: own }, { securityContext: pod }) => own?.runAsNonRoot ?? pod?.runAsNonRoot,
    fatal: (is, _, user) => is === true && user === 0,
  },
  {
    name: "runAsGroup",
    of: ({ securityContext: own }, { securityContext: pod }) => own?.runAsGroup ?? pod?.runAsGroup,
  },
  { name: "privileged", of: ({ securityContext }) => securityContext?.privileged },
  {
    name: "allowPrivilegeEscalation",
    of: ({ securityContext }) => securityContext?.allowPrivilegeEscalation,
  },
  { name: "capabilities.add", of: ({ securityContext }) => list(securityContext?.capabilities?.add) },
  { name: "capabilities.drop", of: ({ securityContext }) => list(securityContext?.capabilities?.drop) },
  {
    name: "seccompProfile",
    of: ({ securityContext: own }, { securityContext: pod }) => (own?.seccompProfile ?? pod?.seccompProfile)?.type,
  },
  {
    name: "appArmorProfile",
    of: ({ securityContext: own }, { securityContext: pod }) => (own?.appArmorProfile ?? pod?.appArmorProfile)?.type,
  },
  { name: "image", of: ({ image }) => image },
  { name: "command", of: ({ command }) => command?.join(" ") },
  { name: "args", of: ({ args }) => args?.join(" ") },
];

function list(names: readonly string[] | undefined): string | undefined {
  return names === undefined || names.length === 0 ? undefined : names.toSorted().join(",");
}

/** @param asked the pod of the Job, before it was sent @param made the pod that runs; containers that it has besides are left out */
export function policyChanges(asked: V1PodSpec, made: V1PodSpec): PolicyChange[] {
  const hostUsers =
    asked.hostUsers === made.hostUsers
      ? []
      : [{ text: `hostUsers of the pod is ${shown(made.hostUsers)}, not ${shown(asked.hostUsers)}`, fatal: false }];
  const all = (pod: V1PodSpec): readonly V1Container[] => [...(pod.initContainers ?? []), ...pod.containers];
  const inContainers = all(asked).flatMap((was) => {
    const is = all(made).find(({ name }) => name === was.name);
    if (is === undefined) return [{ text: `the container ${was.name} is missing`, fatal: true }];
    return FIELDS.flatMap(({ name, of, fatal }) => {
      const [before, after] = [of(was, asked), of(is, made)];
      if (before === after) return [];
      // Args may hold values of --build-arg.
      const values = name === "args" || name === "command" ? "was changed" : `is ${shown(after)}, not ${shown(before)}`;
      return [
        {
          text: `${name} of the container ${was.name} ${values}`,
          fatal: fatal?.(after, before, userOf(is, made)) ?? false,
        },
      ];
    });
  });
  return [...hostUsers, ...inContainers];
}

function shown(value: Value): string {
  return value === undefined ? "unset" : String(value);
}

/** The changes as one clause. */
export function changesText(changes: readonly PolicyChange[]): string {
  return changes.map(({ text }) => text).join("; ");
}

const REMEDIES = [
  "Ask the cluster's administrator to exempt pods with the label app.kubernetes.io/managed-by=slipway from the policy.",
  "Or use another namespace (-n).",
];

/** The error of a pod with which no builder can work; undefined if one may. */
export function policyError(changes: readonly PolicyChange[]): ClusterError | undefined {
  const fatal = changes.filter((change) => change.fatal);
  if (fatal.length === 0) return undefined;
  return new ClusterError(
    `an admission policy of the cluster changed the build's pod, so that it cannot build: ${changesText(fatal)}`,
    { suggestions: REMEDIES },
  );
}

/** The warning after a failure of a pod that was changed. */
export function policyWarning(changes: readonly PolicyChange[]): { message: string; suggestions: readonly string[] } {
  return {
    message: `an admission policy of the cluster changed the build's pod, which may be why it failed: ${changesText(changes)}`,
    suggestions: REMEDIES,
  };
}
