/**
 * Which pod the last build was in, so that the next one can dial it while it looks it up. A hint and no more: whether the pod is
 * ours is what the lookup says, and before that nothing is sent.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { trustedCacheDirectory } from "../../lib/files/cache-directory.ts";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";

const POD_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

export class PodHint {
  readonly #directory: string | undefined;
  readonly #name: string;
  #known: string | undefined;

  /** @param of what the hint is for */
  constructor(env: Readonly<Record<string, string | undefined>>, of: readonly string[]) {
    const cache = trustedCacheDirectory(env);
    this.#directory = cache === undefined ? undefined : join(cache, "kept");
    this.#name = createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 32);
  }

  async read(): Promise<string | undefined> {
    if (this.#directory === undefined) return undefined;
    const text = await readFile(join(this.#directory, this.#name), "utf8").catch(() => "");
    this.#known = POD_NAME.test(text) ? text : undefined;
    return this.#known;
  }

  /** Never throws: the next build is a little slower without it. */
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
