/** Downloads a context or a Dockerfile. */
import { InvalidInput } from "../../errors.ts";
import { OriginHeaders } from "../../lib/http/origin-headers.ts";
import { TooMuch, abandon, upTo } from "../../lib/http/read-body.ts";
import { reasonOf } from "../../lib/http/reason.ts";
import { RedirectRefused, WebClient } from "../../lib/http/web-client.ts";
import { LIMITS, limitOf, variableOfLimit } from "../../lib/limits/limits.ts";
import { formatDuration } from "../../lib/text/measures.ts";
import { publicUrl } from "../../lib/text/public-url.ts";

/** @throws InvalidInput if the download fails or passes a limit; the signal's reason when aborted */
export async function* download(url: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const [bytes, ms, silenceMs] = [limitOf("DOWNLOAD_BYTES"), limitOf("DOWNLOAD_MS"), limitOf("DOWNLOAD_SILENCE_MS")];
  const target = URL.parse(url);
  if (target === null) throw failed(url, "it is not a URL");
  const deadline = AbortSignal.timeout(ms);
  const client = new WebClient({ tls: {} });
  try {
    const { status, body } = await client.send(target, {
      secrets: OriginHeaders.ofUrl(target),
      redirects: LIMITS.DOWNLOAD_REDIRECTS.value,
      signal: AbortSignal.any([signal, deadline]),
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
    });
    if (status !== 200) {
      abandon(body);
      throw failed(url, `the server answered ${status}`, [
        "Check the URL. The URL of a git repository has to end in .git.",
      ]);
    }
    yield* upTo(bytes, body);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InvalidInput) throw error;
    if (deadline.aborted)
      throw failed(url, `it takes longer than ${formatDuration(ms)}`, [remedy("DOWNLOAD_MS", "6h")], error);
    if (error instanceof TooMuch) throw failed(url, error.message, [remedy("DOWNLOAD_BYTES", "64g")], error);
    if (error instanceof RedirectRefused && error.refusal === "https to http")
      throw failed(url, error.message, ["If you trust that server and the network, give its http URL."], error);
    throw failed(url, reasonOf(error), [], error);
  } finally {
    client.close();
  }
}

function failed(url: string, why: string, suggestions: readonly string[] = [], cause?: unknown): InvalidInput {
  return new InvalidInput(`${publicUrl(url)} cannot be fetched: ${why}`, { docker: "refuses", suggestions, cause });
}

function remedy(limit: "DOWNLOAD_BYTES" | "DOWNLOAD_MS", example: string): string {
  return `Raise the limit: ${variableOfLimit(limit)}=${example}`;
}
