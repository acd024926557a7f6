/**
 * Remembers the pod of the last build, so that the next build can dial it while it still looks the builder up. It is only a hint:
 * the lookup decides whether the pod is ours, and nothing is sent before that.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { trustedCacheDirectory } from "../../lib/files/cache-directory.ts";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";

const POD_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** The file with the hint. */
export class PodHint {
  readonly #directory: string | undefined;
  readonly #name: string;
  #known: string | undefined;

  /** @param of identifies the builder: there is one hint for each list of texts */
  constructor(env: Readonly<Record<string, string | undefined>>, of: readonly string[]) {
    const cache = trustedCacheDirectory(env);
    this.#directory = cache === undefined ? undefined : join(cache, "kept");
    this.#name = createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 32);
  }

  /** Returns the pod's name; undefined if there is none. */
  async read(): Promise<string | undefined> {
    if (this.#directory === undefined) return undefined;
    const text = await readFile(join(this.#directory, this.#name), "utf8").catch(() => "");
    this.#known = POD_NAME.test(text) ? text : undefined;
    return this.#known;
  }

  /** Stores the pod's name. It never throws: without the hint, the next build is only a little slower. */
  write(pod: string): void {
    if (pod === this.#known || this.#directory === undefined) return;
    try {
      makeTrustedDirectory(this.#directory);
      replaceFile(join(this.#directory, this.#name), pod, { mode: 0o600 });
    } catch {
      this.#known = undefined;
    }
  }
}
