/** A websocket with numbered channels as a stream. Each message begins with the number of its channel. */
import { Duplex } from "node:stream";
import type WebSocket from "ws";
import { ClusterError } from "../../errors.ts";
import type { Pipe } from "./cluster.ts";
import { watchPeer } from "./heartbeat.ts";
import type { OpenSocket } from "./websocket.ts";

/** The server reads a whole message into memory. */
const FRAME_BYTES = 256 << 10;

/** No more than this waits in memory to be sent, give or take a frame. */
const HIGH_WATER_BYTES = 1 << 20;

/** How much of the end of the other side's complaints is kept. */
const COMPLAINTS_CHARS = 4096;

/** What is written goes to channel 0. A subclass says what the channels that are received mean. */
export abstract class WebsocketPipe extends Duplex implements Pipe {
  protected readonly ws: WebSocket;
  readonly #to: string;
  readonly #stopWatching: () => void;
  complaints = "";

  /** @param to what it is connected to, for messages */
  constructor({ ws, socket }: OpenSocket, to: string, signal: AbortSignal) {
    super({ readableHighWaterMark: HIGH_WATER_BYTES, writableHighWaterMark: HIGH_WATER_BYTES });
    this.ws = ws;
    this.#to = to;
    const stop = (): void => void this.destroy(signal.reason as Error);
    ws.on("message", (data: Buffer) => this.receive(data[0] ?? -1, data.subarray(1)));
    ws.on("close", (code: number) => this.destroy(this.readableEnded ? undefined : this.#lost(`closed with ${code}`)));
    ws.on("error", (error: Error) => this.destroy(this.#lost(error.message, error)));
    this.#stopWatching = watchPeer(ws, socket, (seconds) => this.destroy(this.#lost(`silent for ${seconds} s`)));
    signal.addEventListener("abort", stop, { once: true });
    this.once("close", () => signal.removeEventListener("abort", stop));
    ws.resume();
    if (signal.aborted) stop();
  }

  /** Gets each message. */
  protected abstract receive(channel: number, payload: Buffer): void;

  /** Hands bytes to the reader. */
  protected deliver(payload: Buffer): void {
    if (!this.push(payload)) this.ws.pause();
  }

  protected complain(text: string): void {
    this.complaints = (this.complaints + text).slice(-COMPLAINTS_CHARS);
  }

  override _read(): void {
    this.ws.resume();
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

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stopWatching();
    this.ws.terminate();
    callback(error);
  }

  #send(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
    const frames = framesOf(chunks);
    const last = frames.pop();
    if (last === undefined) return callback();
    for (const frame of frames) this.ws.send(frame, () => {});
    if (this.ws.bufferedAmount <= HIGH_WATER_BYTES) {
      this.ws.send(last, () => {});
      callback();
    } else {
      this.ws.send(last, (error) => callback(error ?? null));
    }
  }

  #lost(how: string, cause?: unknown): ClusterError {
    return new ClusterError(`the connection to ${this.#to} was lost (${how})`, {
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
