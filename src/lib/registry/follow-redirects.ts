/** The way to a blob, which registries keep elsewhere. */
import { request } from "undici";
import type { Agent } from "undici";

export type Raw = Awaited<ReturnType<typeof request>>;

/** How long one conversation may take, as undici has it: times in milliseconds. */
export interface Limits {
  readonly signal: AbortSignal;
  readonly headersTimeout?: number;
  readonly bodyTimeout?: number;
}

const HOPS = 5;

/** Without what the registry was shown: the place it names is another's. */
export async function followRedirects(raw: Raw, dispatcher: Agent, limits: Limits): Promise<Raw> {
  let current = raw;
  for (let hop = 0; hop < HOPS && [301, 302, 303, 307, 308].includes(current.statusCode); hop++) {
    const { location } = current.headers;
    await current.body.dump();
    current = await request(String(location), { dispatcher, ...limits });
  }
  return current;
}
