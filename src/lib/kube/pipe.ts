/**
 * A command in a container as a stream: what is written is its standard input, what is read its standard output. Over the same
 * websocket as `exec`, whose file says what its messages are.
 */
import { Duplex } from "node:stream";
import type WebSocket from "ws";
import { ClusterError } from "../../errors.ts";
import type { Pipe } from "./cluster.ts";
import { PROTOCOLS } from "./exec.ts";
import type { Process } from "./exec.ts";
import { watchPeer } from "./heartbeat.ts";
import { pathOf } from "./kinds.ts";
import type { ClusterLocation } from "./refusal.ts";
import { parseStatus } from "./status.ts";
import { upgrade } from "./websocket.ts";
import type { OpenSocket } from "./websocket.ts";
import type { HttpClient } from "./http-client.ts";

/** The server reads a whole message into memory. */
const FRAME_BYTES = 256 << 10;

/** No more than this waits in memory to be sent, give or take a frame. */
const HIGH_WATER_BYTES = 1 << 20;

/** How much of the end of the command's error output is kept. */
const COMPLAINTS_CHARS = 4096;

/**
 * Starts the command. The stream ends when the command does, or fails with a ClusterError when the connection is lost.
 * @throws ClusterError or AuthError when the server refuses; the signal's reason when aborted
 */
export async function openPipe(
  { http, location }: { readonly http: HttpClient; readonly location: ClusterLocation },
  process: Process,
  signal: AbortSignal,
): Promise<Pipe> {
  const query = new URLSearchParams({ container: process.container, stdin: "true", stdout: "true", stderr: "true" });
  for (const word of process.command) query.append("command", word);
  const url = http.url(pathOf("pods", location.namespace, process.pod, "exec"), query);
  const attempt = { verb: "create", resource: "pods/exec", name: process.pod } as const;
  return new SocketPipe(await upgrade(http, location, attempt, url, PROTOCOLS, signal), process, signal);
}

class SocketPipe extends Duplex implements Pipe {
  readonly #ws: WebSocket;
  readonly #process: Process;
  readonly #stopWatching: () => void;
  complaints = "";

  constructor({ ws, socket }: OpenSocket, process: Process, signal: AbortSignal) {
    super({ readableHighWaterMark: HIGH_WATER_BYTES, writableHighWaterMark: HIGH_WATER_BYTES });
    this.#ws = ws;
    this.#process = process;
    const stop = (): void => void this.destroy(signal.reason as Error);
    ws.on("message", (data: Buffer) => this.#receive(data));
    ws.on("close", (code: number) => this.destroy(this.readableEnded ? undefined : this.#lost(`closed with ${code}`)));
    ws.on("error", (error: Error) => this.destroy(this.#lost(error.message, error)));
    this.#stopWatching = watchPeer(ws, socket, (seconds) => this.destroy(this.#lost(`silent for ${seconds} s`)));
    signal.addEventListener("abort", stop, { once: true });
    this.once("close", () => signal.removeEventListener("abort", stop));
    ws.resume();
    if (signal.aborted) stop();
  }

  override _read(): void {
    this.#ws.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: (error?: Error | null) => void): void {
    // v5 knows an end of standard input; on v4 it is the end of all.
    if (this.#ws.protocol === PROTOCOLS[0]) this.#ws.send(Buffer.from([255, 0]), () => callback());
    else callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stopWatching();
    this.#ws.terminate();
    callback(error);
  }

  #receive(data: Buffer): void {
    const payload = data.subarray(1);
    if (payload.length === 0) return;
    if (data[0] === 1) {
      if (!this.push(payload)) this.#ws.pause();
    } else if (data[0] === 2) {
      this.complaints = (this.complaints + payload.toString("utf8")).slice(-COMPLAINTS_CHARS);
    } else if (data[0] === 3) {
      const status = parseStatus(500, payload.toString("utf8"));
      if (status.status !== "Success" && this.complaints === "") this.complaints = status.message ?? "";
      this.push(null);
    }
  }

  #send(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
    let frames = framesOf(chunks);
    const last = frames.pop();
    if (last === undefined) return callback();
    for (const frame of frames) this.#ws.send(frame, () => {});
    frames = [];
    if (this.#ws.bufferedAmount <= HIGH_WATER_BYTES) {
      this.#ws.send(last, () => {});
      callback();
    } else {
      this.#ws.send(last, (error) => callback(error ?? null));
    }
  }

  #lost(how: string, cause?: unknown): ClusterError {
    const { container, pod } = this.#process;
    return new ClusterError(`the connection to the container "${container}" of the pod "${pod}" was lost (${how})`, {
      suggestions: ["Try again; something between here and the cluster may cut long connections."],
      cause,
    });
  }
}

/** Messages of channel 0 with all the bytes of the chunks; small ones go together. */
function framesOf(chunks: readonly Buffer[]): Buffer[] {
  const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  const frames: Buffer[] = [];
  for (let at = 0; at < all.length; at += FRAME_BYTES) {
    const part = all.subarray(at, at + FRAME_BYTES);
    const frame = Buffer.allocUnsafe(part.length + 1);
    frame[0] = 0;
    part.copy(frame, 1);
    frames.push(frame);
  }
  return frames;
}
