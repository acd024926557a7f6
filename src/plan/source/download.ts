/** Downloads a context or a Dockerfile, through the proxies of the environment. */
import { EnvHttpProxyAgent, request } from "undici";
import { InvalidInput } from "../../errors.ts";
import { withoutPassword } from "./git-url.ts";

const MAX_REDIRECTS = 10;
/** Give up on a server that sends nothing for this long. */
const SILENCE_TIMEOUT_MS = 60_000;

/** @throws InvalidInput if the download fails; the signal's reason when aborted */
export async function* download(url: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const dispatcher = new EnvHttpProxyAgent({ headersTimeout: SILENCE_TIMEOUT_MS, bodyTimeout: SILENCE_TIMEOUT_MS });
  try {
    yield* await open(url, dispatcher, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(`${withoutPassword(url)} cannot be fetched: ${reasonOf(error)}`, {
      docker: "refuses",
      cause: error,
    });
  } finally {
    await dispatcher.destroy();
  }
}

async function open(
  url: string,
  dispatcher: EnvHttpProxyAgent,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  let target = new URL(url);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const headers =
      target.username === ""
        ? {}
        : {
            authorization: `Basic ${Buffer.from(`${decodeURIComponent(target.username)}:${decodeURIComponent(target.password)}`).toString("base64")}`,
          };
    const response = await request(`${target.origin}${target.pathname}${target.search}`, {
      dispatcher,
      signal,
      headers,
    });
    if (response.statusCode === 200) return response.body;
    await response.body.dump();
    const location = response.headers["location"];
    if (response.statusCode < 300 || response.statusCode >= 400 || typeof location !== "string") {
      throw new InvalidInput(`${withoutPassword(url)} cannot be fetched: the server answered ${response.statusCode}`, {
        docker: "refuses",
        suggestions: ["Check the URL. The URL of a git repository has to end in .git."],
      });
    }
    target = new URL(location, target);
    if (!["http:", "https:"].includes(target.protocol))
      throw new InvalidInput(`${withoutPassword(url)} redirects to ${target.protocol}, which slipway does not follow`, {
        docker: "refuses",
      });
  }
  throw new InvalidInput(`${withoutPassword(url)} redirects more than ${MAX_REDIRECTS} times`, {
    docker: "refuses",
  });
}

/** If a host has several addresses and all refuse the connection, the error has a code but no message. */
function reasonOf(error: unknown): string {
  const { message, code } = error as Error & { code?: string };
  return message || code || "no reason given";
}
