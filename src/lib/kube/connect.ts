/** A cluster to talk to, out of a kubeconfig. */
import { Api } from "./api.ts";
import { chooseTarget } from "./choose-target.ts";
import type { Choice } from "./choose-target.ts";
import type { Cluster } from "./cluster.ts";
import { logs } from "./logs.ts";
import type { Place } from "./refusal.ts";
import { watch } from "./watch.ts";
import { Wire } from "./http-client.ts";

/** How many requests a build sends at once as soon as its Job exists. */
const AT_ONCE = 2;

export interface ConnectedCluster extends Cluster {
  /** Does beforehand, in the background, what the first requests need: runs a credential plugin, opens connections. */
  preconnect(): Promise<void>;
}

/**
 * Chooses the cluster and makes ready to talk to it. Reads files; makes no request and runs no plugin.
 * @throws InvalidInput if no kubeconfig says which cluster, or what it says is incomplete.
 */
export async function connect(options: Choice = {}): Promise<ConnectedCluster> {
  const target = await chooseTarget(options);
  const wire = new Wire(target);
  const place: Place = { server: target.server.url, context: target.context, namespace: target.namespace };
  const api = new Api(wire, place);
  return {
    ...place,
    preconnect: () => wire.preconnectSocket(AT_ONCE),
    create: (...args) => api.create(...args),
    read: (...args) => api.read(...args),
    list: (...args) => api.list(...args),
    patch: (...args) => api.patch(...args),
    remove: (...args) => api.remove(...args),
    version: (signal) => api.version(signal),
    now: () => wire.now(),
    watch: (kind, selector, signal) => watch({ wire, api, place }, kind, selector, signal),
    logs: (pod, container, ended, signal, options) =>
      logs({ wire, place, pod, container }, ended, signal, undefined, options),
    exec: async (pod, container, command, streams, signal) => {
      // Many a build needs no websocket at all.
      const { exec } = await import("./exec.ts");
      return exec({ wire, place }, { pod, container, command }, streams, signal);
    },
    pipe: async (pod, container, command, signal) => {
      const { openPipe } = await import("./pipe.ts");
      return openPipe({ wire, place }, { pod, container, command }, signal);
    },
    close: () => wire.close(),
  };
}
