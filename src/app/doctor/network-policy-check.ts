/** Whether the cluster carries out NetworkPolicies: the trial pod, which has the build's own, tries a connection that it forbids. */
import type { Cluster } from "../../lib/kube/cluster.ts";
import type { EgressRule } from "../../plan/egress.ts";
import { ok, skip, warn } from "./check.ts";
import type { Check } from "./check.ts";

const NAME = "network policy";

/**
 * Connects to the API server, whose address the kubelet gives to every container. A plug-in may need some seconds for a new policy, so only
 * the last of four tries counts. Exit codes: 0 it was reached each time, 1 it was not, 3 its address is not known.
 */
const TRY = `[ -n "$KUBERNETES_SERVICE_HOST" ] || exit 3
for pause in 2 2 2 0; do
  echo | nc -w 3 "$KUBERNETES_SERVICE_HOST" "$KUBERNETES_SERVICE_PORT" >/dev/null 2>&1 || exit 1
  sleep $pause
done`;

/** Ports of the API server: its Service's, and the usual ones behind it. */
const API_PORTS: readonly number[] = [443, 6443, 8443];

/**
 * @param container has a shell and nc
 * @throws ClusterError or AuthError when the server refuses the command
 */
export async function networkPolicyCheck(
  {
    cluster,
    pod,
    container,
  }: { readonly cluster: Pick<Cluster, "exec">; readonly pod: string; readonly container: string },
  egress: readonly EgressRule[],
  signal: AbortSignal,
): Promise<Check> {
  const { exitCode } = await cluster.exec(pod, container, ["sh", "-c", TRY], {}, signal);
  if (exitCode === 1) return ok(NAME, "the pod cannot reach the API server, which its NetworkPolicy does not allow");
  if (exitCode !== 0) return skip(NAME, "the pod does not know the API server's address");
  if (egress.some(mayAllow))
    return skip(NAME, "the policy may allow the API server, so that a connection shows nothing");
  return warn(
    NAME,
    "the pod reached the API server, which its NetworkPolicy does not allow: the cluster's network plug-in does not carry out NetworkPolicies",
    [
      "A build with --network-policy is not limited here. Ask your administrator for a network plug-in that enforces them, such as Calico or Cilium.",
    ],
  );
}

/** The check of a pod in which no command can be run. */
export function networkPolicyUnchecked(streams: boolean): Check {
  return skip(
    NAME,
    streams ? "the pod did not get that far" : "trying a connection from a pod needs the right on pods/exec",
  );
}

/** Whether the rule may allow the API server: it allows more than one address, on one of its ports. */
function mayAllow({ to, ports }: EgressRule): boolean {
  const isWide = to.some(({ cidr }) => !/\/(?:32|128)$/.test(cidr));
  return isWide && (ports.length === 0 || ports.some(({ port }) => API_PORTS.includes(port)));
}
