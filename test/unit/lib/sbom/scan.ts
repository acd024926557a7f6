/** Reads an image of a test's registry as a build does, with short pauses between attempts. */
import { parseReference } from "../../../../src/lib/image/reference.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";
import { scanImage } from "../../../../src/lib/sbom/scan-image.ts";
import type { ScannedImage } from "../../../../src/lib/sbom/scan-image.ts";
import type { ImageServer } from "./layers.ts";

/** @param timeout milliseconds for one answer, and for the next piece of a layer */
export function scan(image: ImageServer, timeout = 5000, signal = new AbortController().signal): Promise<ScannedImage> {
  const client = new RegistryClient({ insecure: [], credential: async () => undefined, timeout, signal });
  return scanImage(client, parseReference(`${image.host}/team/app:1`), image.digest, signal, [10, 10]);
}
