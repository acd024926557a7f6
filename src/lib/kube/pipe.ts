/** Streams to a pod: a command in one of its containers, or one of its ports. */
import type { Pipe } from "./cluster.ts";
import { PROTOCOLS } from "./exec.ts";
import type { Process } from "./exec.ts";
import type { HttpClient } from "./http-client.ts";
import { pathOf } from "./kinds.ts";
import type { ClusterLocation } from "./refusal.ts";
import { parseStatus } from "./status.ts";
import { upgrade } from "./websocket.ts";
import { WebsocketPipe } from "./websocket-pipe.ts";

interface Server {
  readonly http: HttpClient;
  readonly location: ClusterLocation;
}

/**
 * Starts a command: what is written is its standard input, what is read its standard output. The stream ends when the command
 * does, or fails with a ClusterError when the connection is lost. exec.ts says what the messages are.
 * @throws ClusterError or AuthError when the server refuses; the signal's reason when aborted
 */
export async function openPipe({ http, location }: Server, process: Process, signal: AbortSignal): Promise<Pipe> {
  const query = new URLSearchParams({ container: process.container, stdin: "true", stdout: "true", stderr: "true" });
  for (const word of process.command) query.append("command", word);
  const url = http.url(pathOf("pods", location.namespace, process.pod, "exec"), query);
  const attempt = { verb: "create", resource: "pods/exec", name: process.pod } as const;
  const opened = await upgrade(http, location, attempt, url, PROTOCOLS, signal);
  return new CommandPipe(opened, `the container "${process.container}" of the pod "${process.pod}"`, signal);
}

class CommandPipe extends WebsocketPipe {
  override _final(callback: (error?: Error | null) => void): void {
    // v5 knows an end of standard input; on v4 it is the end of all.
    if (this.ws.protocol === PROTOCOLS[0]) this.ws.send(Buffer.from([255, 0]), () => callback());
    else callback();
  }

  protected override receive(channel: number, payload: Buffer): void {
    if (payload.length === 0) return;
    if (channel === 1) this.deliver(payload);
    else if (channel === 2) this.complain(payload.toString("utf8"));
    else if (channel === 3) {
      const status = parseStatus(500, payload.toString("utf8"));
      if (status.status !== "Success" && this.complaints === "") this.complaints = status.message ?? "";
      this.push(null);
    }
  }
}

/**
 * The kubelet's own protocol for ports:
 * https://github.com/kubernetes/kubernetes/blob/v1.36.0/staging/src/k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go
 */
const PORT_PROTOCOL = "v4.channel.k8s.io";

/** How long the server may take to connect to a port, in milliseconds. It starts no process for it, as it does for a command. */
const PORT_TIMEOUT_MS = 5000;

/**
 * Connects to a port of the pod's loopback interface. The connection is open before anything in the pod has accepted it: if nothing
 * listens, the stream fails. It cannot be ended in one direction only.
 * @throws ClusterError or AuthError when the server refuses; the signal's reason when aborted
 */
export async function openPort(
  { http, location }: Server,
  { pod, port }: { readonly pod: string; readonly port: number },
  signal: AbortSignal,
): Promise<Pipe> {
  const url = http.url(
    pathOf("pods", location.namespace, pod, "portforward"),
    new URLSearchParams({ ports: String(port) }),
  );
  const attempt = { verb: "create", resource: "pods/portforward", name: pod } as const;
  const opened = await upgrade(http, location, attempt, url, [PORT_PROTOCOL], signal, PORT_TIMEOUT_MS);
  return new PortPipe(opened, `the port ${port} of the pod "${pod}"`, signal);
}

/** Channel 0 has the data and channel 1 the errors. The first message of each is the number of the port. */
class PortPipe extends WebsocketPipe {
  readonly #begun = new Set<number>();

  protected override receive(channel: number, payload: Buffer): void {
    if (!this.#begun.has(channel)) {
      this.#begun.add(channel);
      return;
    }
    if (payload.length === 0) return;
    if (channel === 0) this.deliver(payload);
    else {
      this.complain(payload.toString("utf8"));
      this.push(null);
    }
  }
}
