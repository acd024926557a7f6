/** Connects to a cluster by a kubeconfig. */
import { Api } from "./api.ts";
import { chooseTarget } from "./choose-target.ts";
import type { Choice } from "./choose-target.ts";
import type { Cluster } from "./cluster.ts";
import { logs } from "./logs.ts";
import type { ClusterLocation } from "./refusal.ts";
import { publicUrl } from "../text/public-url.ts";
import { watch } from "./watch.ts";
import { HttpClient } from "./http-client.ts";

/** Number of requests that a build sends at the same time once its Job exists. */
const PARALLEL_REQUESTS = 2;

export interface ConnectedCluster extends Cluster {
  /** Prepares the first requests in the background: runs a credential plugin and opens connections. @param streams to pods among them */
  preconnect(streams?: number): Promise<void>;
}

/**
 * Chooses the cluster. Reads files; makes no request and runs no plugin.
 * @throws InvalidInput if no kubeconfig names a cluster, or it is incomplete
 */
export async function connect(options: Choice = {}): Promise<ConnectedCluster> {
  const target = await chooseTarget(options);
  const http = new HttpClient(target);
  const server = publicUrl(target.server.url);
  const location: ClusterLocation = { server, context: target.context, namespace: target.namespace };
  const api = new Api(http, location);
  return {
    ...location,
    preconnect: (streams = 0) => http.preconnect(PARALLEL_REQUESTS + streams),
    create: (...args) => api.create(...args),
    read: (...args) => api.read(...args),
    list: (...args) => api.list(...args),
    patch: (...args) => api.patch(...args),
    remove: (...args) => api.remove(...args),
    removeNamed: (...args) => api.removeNamed(...args),
    version: (signal) => api.version(signal),
    now: () => http.now(),
    watch: (kind, selector, signal) => watch({ http, api, location }, kind, selector, signal),
    logs: (pod, container, ended, signal, options) =>
      logs({ http, location, pod, container }, ended, signal, undefined, options),
    exec: async (pod, container, command, streams, signal) => {
      // Many builds need no websocket.
      const { exec } = await import("./exec.ts");
      return exec({ http, location }, { pod, container, command }, streams, signal);
    },
    pipe: async (pod, container, command, signal) => {
      const { openPipe } = await import("./pipe.ts");
      return openPipe({ http, location }, { pod, container, command }, signal);
    },
    port: async (pod, port, signal) => {
      const { openPort } = await import("./pipe.ts");
      return openPort({ http, location }, { pod, port }, signal);
    },
    close: async () => http.close(),
    [Symbol.asyncDispose]: async () => http.close(),
  };
}
