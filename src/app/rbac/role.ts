/** The objects that grant rights: Role, RoleBinding, and a ServiceAccount if one holds them. */
import type { RbacV1Subject, V1Role, V1RoleBinding, V1ServiceAccount } from "@kubernetes/client-node";
import type { Right } from "./rights.ts";
import { trimChars } from "../../lib/text/linear.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export interface Holder {
  readonly kind: "ServiceAccount" | "User" | "Group";
  readonly name: string;
  /** Of a ServiceAccount in another namespace than the Role. */
  readonly namespace?: string;
}

/** The holder with this user name of the API server: `system:serviceaccount:NAMESPACE:NAME` is a ServiceAccount. */
export function holderNamed(user: string): Holder {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  if (namespace === undefined || name === undefined) return { kind: "User", name: user };
  return { kind: "ServiceAccount", name, namespace };
}

/**
 * The name of a Role and RoleBinding for this holder. Objects of one name replace each other, so no other holder has the same, and a Role
 * for further uses does not take rights away.
 * @param uses what tells the Role from others of this holder; empty for its main one
 */
export function grantName({ name }: Holder, uses: readonly string[] = []): string {
  const parts = ["slipway", ...(name === "slipway" ? [] : [name]), ...uses];
  return parts.map((part) => trimChars(part.replaceAll(/[^A-Za-z0-9.]+/g, "-"), "-")).join("-");
}

export interface Grant {
  /** Name of all the objects. */
  readonly name: string;
  readonly namespace: string | undefined;
  readonly holder: Holder;
}

/** By which the objects are found when slipway is removed. Not `managed-by`: that marks what a build makes. */
const LABELS = { "app.kubernetes.io/name": "slipway" };

/** So that `kubectl describe` says what the objects are for. The key is one of Kubernetes' own. */
const descriptionOf = ({ kind, name }: Holder): Record<string, string> => ({
  "kubernetes.io/description": `Lets the ${KINDS[kind]} ${name} build images with slipway in this namespace.`,
});
const KINDS = { ServiceAccount: "ServiceAccount", User: "user", Group: "group" } as const;

export function grantOf(
  rights: readonly Right[],
  { name, namespace, holder }: Grant,
): (V1ServiceAccount | V1Role | V1RoleBinding)[] {
  const metadata = { name, ...omitUndefined({ namespace }), labels: LABELS, annotations: descriptionOf(holder) };
  const role: V1Role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata,
    rules: rights.map(({ group, resource, verbs }) => ({
      apiGroups: [group],
      resources: [resource],
      verbs: [...verbs],
    })),
  };
  const binding: V1RoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [subjectOf(holder, namespace)],
  };
  const account: V1ServiceAccount = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { ...metadata, name: holder.name },
  };
  return [...(holder.kind === "ServiceAccount" ? [account] : []), role, binding];
}

function subjectOf(holder: Holder, of: string | undefined): RbacV1Subject {
  const { kind, name, namespace = of } = holder;
  if (kind === "ServiceAccount") return { kind, name, ...omitUndefined({ namespace }) };
  return { kind, name, apiGroup: "rbac.authorization.k8s.io" };
}
