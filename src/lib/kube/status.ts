/** Reads the Status object of a refusal from the body of the answer. */
import type { V1Status } from "@kubernetes/client-node";

/** A longer body of an error answer is not a Status object. */
const MAX_STATUS_BYTES = 1 << 20;

/** The Status in the body of an error answer; made from the text if a proxy answered and not the API server. */
export async function readStatus(code: number, body: AsyncIterable<Uint8Array>): Promise<V1Status> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_STATUS_BYTES) break;
    }
  } catch {
    // The answer broke off: it is still a refusal.
  }
  return parseStatus(code, Buffer.concat(chunks).toString("utf8"));
}

/** As `readStatus`, for the text of a body. */
export function parseStatus(code: number, text: string): V1Status {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && ("message" in value || "status" in value))
      return Object.assign({ code }, value as V1Status);
  } catch {
    // Plain text, or the page of a proxy.
  }
  const tag = text.search(/<\w/);
  const plain = tag >= 0 && text.includes(">", tag) ? "" : text.trim().slice(0, 500);
  return { code, message: plain };
}
