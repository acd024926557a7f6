/** Rights as the objects that grant them. */
import type { RbacV1Subject, V1Role, V1RoleBinding, V1ServiceAccount } from "@kubernetes/client-node";
import type { Right } from "./rights.ts";

export interface Holder {
  readonly kind: "ServiceAccount" | "User" | "Group";
  readonly name: string;
}

export interface Grant {
  /** Of all the objects. */
  readonly name: string;
  readonly namespace: string | undefined;
  readonly holder: Holder;
}

export function grantOf(
  rights: readonly Right[],
  { name, namespace, holder }: Grant,
): (V1ServiceAccount | V1Role | V1RoleBinding)[] {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
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

function subjectOf({ kind, name }: Holder, namespace: string | undefined): RbacV1Subject {
  if (kind === "ServiceAccount") return { kind, name, ...(namespace === undefined ? {} : { namespace }) };
  return { kind, name, apiGroup: "rbac.authorization.k8s.io" };
}
