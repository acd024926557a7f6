/**
 * Runs a command in a container, over a websocket of the protocols v5 and v4.channel.k8s.io:
 * https://github.com/kubernetes/kubernetes/blob/v1.36.0/staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go
 * Each message begins with the number of its channel: 0 stdin, 1 stdout, 2 stderr, 3 status; 255 (v5) closes a channel.
 */
import type { V1Status } from "@kubernetes/client-node";
import type WebSocket from "ws";
import { ClusterError } from "../../errors.ts";
import type { ExecExit, ExecStreams } from "./cluster.ts";
import { watchPeer } from "./heartbeat.ts";
import { pathOf } from "./kinds.ts";
import { sendAll } from "./send-stdin.ts";
import { ApiError, ContactLost } from "./refusal.ts";
import type { ClusterLocation } from "./refusal.ts";
import { parseStatus } from "./status.ts";
import { upgrade } from "./websocket.ts";
import type { OpenSocket } from "./websocket.ts";
import type { HttpClient } from "./http-client.ts";

export const PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"] as const;

/** Closes standard input. Only for v5. */
const END_OF_STDIN = Buffer.from([255, 0]);

/** The container runtime could not start the command. */
export class NotStarted extends ClusterError {}

export interface Process {
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
}

/**
 * Runs a command and returns its exit code, zero or not.
 * v5 ends standard input. v4 cannot end it without losing the exit code: either the command detects the end itself
 * (`head -c N`), or `closeToEnd` is set and the exit code is undefined. When this throws, the command may see a false end of
 * its standard input, so it needs a check (a length, a checksum). A command must read all of its standard input:
 * otherwise containerd waits for ever to deliver the rest, and no exit code comes. A command that has failed should report
 * that, so that `stdin` can stop, and then read to the end (`cat >/dev/null`).
 * @throws NotStarted if the command could not be started; ClusterError if the connection was lost before its end; AuthError
 *   if it is not allowed; errors of `stdin`; the signal's reason when aborted
 */
export async function exec(
  { http, location }: { http: HttpClient; location: ClusterLocation },
  process: Process,
  streams: ExecStreams,
  signal: AbortSignal,
  protocols: readonly string[] = PROTOCOLS,
): Promise<ExecExit> {
  const query = new URLSearchParams({ container: process.container, stdout: "true", stderr: "true" });
  if (streams.stdin !== undefined) query.set("stdin", "true");
  for (const arg of process.command) query.append("command", arg);
  const url = http.url(pathOf("pods", location.namespace, process.pod, "exec"), query);
  const attempt = { verb: "create", resource: "pods/exec", name: process.pod } as const;
  const opened = await upgrade(http, location, attempt, url, protocols, signal);
  const status = await converse(opened, process, streams, signal);
  const exitCode = status === undefined ? undefined : readExitCode(status, process);
  return { exitCode, protocol: opened.ws.protocol };
}

/** Sends and receives until the status arrives; undefined if the connection was closed to end standard input. */
function converse(
  { ws, socket }: OpenSocket,
  process: Process,
  streams: ExecStreams,
  signal: AbortSignal,
): Promise<V1Status | undefined> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let closing = false;
    const settle = (how: () => void): void => {
      if (settled) return;
      settled = true;
      stopWatching();
      signal.removeEventListener("abort", stop);
      // Errors during the teardown are ignored.
      ws.off("message", receive).off("close", lose);
      ws.terminate();
      how();
    };
    const fail = (error: unknown): void => settle(() => reject(error));
    const stop = (): void => fail(signal.reason);
    const lose = (code: number, reason: Buffer): void =>
      // Only the command's own outcome tells whether it has read everything.
      closing
        ? settle(() => resolve(undefined))
        : fail(lost(process, `closed with ${code}${reason.length > 0 ? ` ${reason.toString()}` : ""}`));
    const receive = (data: Buffer): void => {
      try {
        const payload = data.subarray(1);
        if (payload.length === 0) return;
        if (data[0] === 1) streams.stdout?.(payload);
        else if (data[0] === 2) streams.stderr?.(payload);
        else if (data[0] === 3) settle(() => resolve(parseStatus(500, payload.toString("utf8"))));
      } catch (error) {
        fail(error);
      }
    };

    ws.on("message", receive);
    ws.on("close", lose);
    ws.on("error", (error: Error) => fail(lost(process, error.message, error)));
    const stopWatching = watchPeer(ws, socket, (seconds) => fail(lost(process, `silent for ${seconds} s`)));
    signal.addEventListener("abort", stop, { once: true });
    ws.resume();
    if (signal.aborted) stop();
    else if (streams.stdin !== undefined) {
      const end = (): void => {
        if (endStdin(ws) || streams.closeToEnd !== true) return;
        closing = true;
        ws.close(1000);
      };
      sendAll(ws, streams.stdin, streams.onSent, () => settled).then((all) => all && end(), fail);
    }
  });
}

/** Ends standard input. @returns false if the protocol cannot. */
function endStdin(ws: WebSocket): boolean {
  if (ws.protocol !== PROTOCOLS[0]) return false;
  if (ws.readyState === ws.OPEN) ws.send(END_OF_STDIN, () => {});
  return true;
}

function lost({ pod, container }: Process, how: string, cause?: unknown): ContactLost {
  return new ContactLost(
    `the connection to the container "${container}" of the pod "${pod}" was lost before its command ended (${how})`,
    { suggestions: ["Try again. A proxy or load balancer in front of the cluster may close long connections."], cause },
  );
}

/** The process's exit code, from the status that the server sends at its end. */
function readExitCode(status: V1Status, { pod, container, command }: Process): number {
  if (status.status === "Success") return 0;
  const code = status.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (code !== undefined && /^\d+$/.test(code)) return Number(code);
  const message = (status.message ?? "").trim().replace(/\.$/, "");
  throw new NotStarted(
    `"${command[0]}" could not be run in the container "${container}" of the pod "${pod}": ${message || "no reason given"}`,
    {
      suggestions: [`Check that the container's image has it: kubectl describe pod ${pod}`],
      cause: new ApiError(status),
    },
  );
}
