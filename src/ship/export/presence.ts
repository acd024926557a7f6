/** A client that waits for a build's result says so from time to time to the container that keeps it, which else gives it up. */
import type { Cluster } from "../../lib/kube/cluster.ts";
import { EXPORTER, presenceCommand } from "./exporter.ts";

/** How often, in milliseconds. */
const EVERY = 60_000;
/** Time for it to be said, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Until it is disposed of. A word that is not heard is no matter: others follow.
 * @param pod the build's, and empty while there is none
 */
export function showPresence(cluster: Pick<Cluster, "exec">, pod: () => string, every = EVERY): Disposable {
  let words = 0;
  const timer = setInterval(() => {
    if (pod() === "") return;
    void cluster.exec(pod(), EXPORTER, presenceCommand(++words), {}, AbortSignal.timeout(PATIENCE)).catch(() => {});
  }, every);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
