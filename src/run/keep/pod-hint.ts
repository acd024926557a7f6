/**
 * Which pod the last build was in, so that the next one can dial it while it looks it up. A hint and no more: whether the pod is
 * ours is what the lookup says, and before that nothing is sent.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

const POD_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

export class PodHint {
  readonly #directory: string;
  readonly #file: string;
  #known: string | undefined;

  /** @param of what the hint is for */
  constructor(env: Readonly<Record<string, string | undefined>>, of: readonly string[]) {
    this.#directory = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "slipway", "kept");
    this.#file = join(this.#directory, createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 32));
  }

  async read(): Promise<string | undefined> {
    const text = await readFile(this.#file, "utf8").catch(() => "");
    this.#known = POD_NAME.test(text) ? text : undefined;
    return this.#known;
  }

  /** Never throws: the next build is a little slower without it. */
  async write(pod: string): Promise<void> {
    if (pod === this.#known) return;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      const partial = `${this.#file}.${randomBytes(6).toString("hex")}`;
      await writeFile(partial, pod, { flag: "wx", mode: 0o600 });
      await rename(partial, this.#file);
    } catch {
      this.#known = undefined;
    }
  }
}
