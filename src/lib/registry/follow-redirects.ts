/** Follows redirects to a blob, which registries may store on another server. */
import { request } from "undici";
import type { Agent } from "undici";

export type Raw = Awaited<ReturnType<typeof request>>;

/** Time limits of one exchange, as options of undici: in milliseconds. */
export interface Limits {
  readonly signal: AbortSignal;
  readonly headersTimeout?: number;
  readonly bodyTimeout?: number;
}

const MAX_REDIRECTS = 5;

/** Sends no credentials: the server in the redirect is not the registry. */
export async function followRedirects(raw: Raw, dispatcher: Agent, limits: Limits): Promise<Raw> {
  let current = raw;
  for (let hop = 0; hop < MAX_REDIRECTS && [301, 302, 303, 307, 308].includes(current.statusCode); hop++) {
    const { location } = current.headers;
    await current.body.dump();
    current = await request(String(location), { dispatcher, ...limits });
  }
  return current;
}
