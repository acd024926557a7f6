/** Reads the body of an answer into memory, up to a limit. */
import type { Readable } from "node:stream";
import { formatBytes } from "../text/measures.ts";

/** More was sent than a limit allows. The message is a clause: `it sent more than 1.05 MB`. */
export class TooMuch extends Error {
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`it sent more than ${formatBytes(limitBytes)}`);
    this.name = "TooMuch";
    this.limitBytes = limitBytes;
  }
}

/** The chunks of a stream. @throws TooMuch as soon as they are more than the limit */
export async function* upTo(limitBytes: number, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw new TooMuch(limitBytes);
    yield chunk;
  }
}

/** As `readBytes`, as text. */
export async function readText(body: Readable, limitBytes: number, declared?: unknown): Promise<string> {
  return (await readBytes(body, limitBytes, declared)).toString("utf8");
}

/**
 * The whole body. A body that is too long is not read to its end.
 * @param declared the Content-Length, if there is one
 * @throws TooMuch
 */
export async function readBytes(body: Readable, limitBytes: number, declared?: unknown): Promise<Buffer> {
  if (Number(declared) > limitBytes) {
    abandon(body);
    throw new TooMuch(limitBytes);
  }
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of upTo(limitBytes, body as AsyncIterable<Uint8Array>)) chunks.push(chunk);
  } catch (error) {
    abandon(body);
    throw error;
  }
  return Buffer.concat(chunks);
}

/** How much of an unwanted body is read for the sake of its connection. */
const DRAINED_BYTES = 128 * 1024;

/** Reads what is left of a body that nobody wants, so that its connection can be used again. Ends one that is long, or breaks off. */
export async function drain(body: Readable): Promise<void> {
  try {
    for await (const _ of upTo(DRAINED_BYTES, body as AsyncIterable<Uint8Array>));
  } catch {
    abandon(body);
  }
}

/** Ends a body that will not be read to its end. Its connection is closed. */
export function abandon(body: Readable): void {
  body.on("error", () => {}).destroy();
}
