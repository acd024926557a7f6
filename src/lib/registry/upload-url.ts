/** The URL that a registry names for an upload (distribution-spec 1.1, "Pushing a blob"). */
import { RedirectRefused, follow } from "../http/web-client.ts";
import { publicUrl } from "../text/public-url.ts";
import type { RegistryAnswer } from "./registry-client.ts";
import { RegistryError } from "./registry-error.ts";

/** @throws RegistryError for an answer without a usable location, or with one that goes from https to http */
export function uploadUrlOf({ url, headers }: Pick<RegistryAnswer, "url" | "headers">, registry: string): URL {
  const { location } = headers;
  if (typeof location !== "string" || location === "")
    throw new RegistryError(registry, "it names no URL for an upload");
  try {
    return follow(new URL(url), location);
  } catch (error) {
    if (!(error instanceof RedirectRefused)) throw error;
    const why =
      error.refusal === "https to http"
        ? "which is plain http, though the registry uses https: its proxy has to send X-Forwarded-Proto"
        : "which is not an http or https URL";
    throw new RegistryError(registry, `it wants an upload at ${publicUrl(location)}, ${why}`, { cause: error });
  }
}
