/**
 * The stream of a command that runs in a container: after the upgrade of the connection, what is sent is the command's standard input,
 * and its two outputs come in frames (docs.docker.com/reference/api/engine, "Attach to a container").
 */
import type { Duplex } from "node:stream";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { upTo } from "../http/read-body.ts";
import { LIMITS } from "../limits/limits.ts";

/** One byte for the output, three that are zero, and the length of what follows. */
const HEADER_BYTES = 8;
const STDERR = 2;

export interface ExecOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Sends the input, ends it, and reads until the command has ended. @param input the command's standard input; absent: empty */
export async function exchange(connection: Duplex, head: Buffer, input?: Readable): Promise<ExecOutput> {
  // A command that ends before it has read all closes the connection: its output and its exit code say why.
  const sent = input === undefined ? Promise.resolve(connection.end()) : pipeline(input, connection).catch(() => {});
  const read = readFrames(connection, head);
  await sent;
  return read;
}

/** @throws Error for a stream that ends within a frame */
export async function readFrames(stream: AsyncIterable<Uint8Array>, head: Buffer): Promise<ExecOutput> {
  const chunks = [head];
  for await (const chunk of upTo(LIMITS.ENGINE_ANSWER_BYTES.value, stream)) chunks.push(Buffer.from(chunk));
  const bytes = Buffer.concat(chunks);
  const outputs: { readonly stdout: Buffer[]; readonly stderr: Buffer[] } = { stdout: [], stderr: [] };
  for (let at = 0; at < bytes.length;) {
    const start = at + HEADER_BYTES;
    const end = start <= bytes.length ? start + bytes.readUInt32BE(at + 4) : Infinity;
    if (end > bytes.length) throw new Error("the output of a command in a container was cut off");
    outputs[bytes[at] === STDERR ? "stderr" : "stdout"].push(bytes.subarray(start, end));
    at = end;
  }
  const textOf = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString("utf8");
  return { stdout: textOf(outputs.stdout), stderr: textOf(outputs.stderr) };
}
