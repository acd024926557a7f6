/** The API server's own words when it refuses: a Status object, out of whatever the answer's body holds. */
import type { V1Status } from "@kubernetes/client-node";

/** Bodies of error answers beyond this many bytes are not read: they are not Status objects. */
const LONGEST = 1 << 20;

/** The Status in an error answer's body; made up from what there is when a proxy, and not the API server, answered. */
export async function readStatus(code: number, body: AsyncIterable<Uint8Array>): Promise<V1Status> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > LONGEST) break;
    }
  } catch {
    // Cut in the middle of the refusal: it stays one.
  }
  return parseStatus(code, Buffer.concat(chunks).toString("utf8"));
}

/** The same, from the body's text. */
export function parseStatus(code: number, text: string): V1Status {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && ("message" in value || "status" in value))
      return Object.assign({ code }, value as V1Status);
  } catch {
    // Plain text, or a proxy's page.
  }
  const plain = /<\w+[^>]*>/.test(text) ? "" : text.trim().slice(0, 500);
  return { code, message: plain };
}
