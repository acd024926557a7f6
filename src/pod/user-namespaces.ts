/** Whether a pod may have a user namespace of its own, from what the nodes say of themselves. Pure. */
import type { V1Node } from "@kubernetes/client-node";

/** More are not looked at: a list of them would cost more than the build. */
export const MOST_NODES = 100;

/**
 * Every node that takes pods has to: the scheduler does not know which can. A node says so of each of its runtimes (node.status.
 * runtimeHandlers, since Kubernetes 1.31: the kubelet's and the runtime's own word for it); "" is the one pods get by default.
 */
export function haveUserNamespaces(nodes: readonly V1Node[]): boolean {
  const taking = nodes.filter(({ spec }) => spec?.unschedulable !== true);
  if (taking.length === 0 || nodes.length > MOST_NODES) return false;
  return taking.every(({ status }) =>
    status?.runtimeHandlers?.some(({ name, features }) => (name ?? "") === "" && features?.userNamespaces === true),
  );
}
