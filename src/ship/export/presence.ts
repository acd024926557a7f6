/** While the client waits for a build's result, it tells so to the container that keeps it: otherwise that container gives up. */
import type { Cluster } from "../../lib/kube/cluster.ts";
import { EXPORTER, presenceCommand } from "./exporter.ts";

const PRESENCE_INTERVAL_MS = 60_000;
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Gives signs of presence until it is disposed of. It does not matter if one fails: others follow.
 * @param pod the name of the build's pod; empty until it exists
 */
export function showPresence(
  cluster: Pick<Cluster, "exec">,
  pod: () => string,
  intervalMs = PRESENCE_INTERVAL_MS,
): Disposable {
  let count = 0;
  const timer = setInterval(() => {
    if (pod() === "") return;
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    void cluster.exec(pod(), EXPORTER, presenceCommand(++count), {}, signal).catch(() => {});
  }, intervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
