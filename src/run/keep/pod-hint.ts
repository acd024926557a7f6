/**
 * Remembers the pod of the last build, so that the next build can dial it while it still looks the builder up. It is only a hint:
 * the lookup decides whether the pod is ours, and no file, password or key is sent before that.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { trustedCacheDirectory } from "../../lib/files/cache-directory.ts";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";
import { isUid } from "../identity.ts";
import { WAYS } from "./dial.ts";
import type { Address } from "./dial.ts";

const POD_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** After this time the port is tried again, in milliseconds: what stood in its way may have been a busy moment. */
const COMMAND_EXPIRY_MS = 600_000;

/** The file with the hint: the name of the pod, the uid of its Job, how it was reached, and since when. */
export class PodHint {
  readonly #directory: string | undefined;
  readonly #name: string;
  #known = "";

  /** @param of identifies the builder: there is one hint for each list of texts */
  constructor(env: Readonly<Record<string, string | undefined>>, of: readonly string[]) {
    const cache = trustedCacheDirectory(env);
    this.#directory = cache === undefined ? undefined : join(cache, "kept");
    this.#name = createHash("sha256").update(JSON.stringify(of)).digest("hex").slice(0, 32);
  }

  /** Returns where the last build found its builder; undefined if that is not known. */
  async read(): Promise<Address | undefined> {
    if (this.#directory === undefined) return undefined;
    this.#known = await readFile(join(this.#directory, this.#name), "utf8").catch(() => "");
    const [pod = "", job = "", word, since] = this.#known.split(" ");
    const isExpired = word === "command" && !(Date.now() - Number(since) < COMMAND_EXPIRY_MS);
    if (isExpired) this.#known = "";
    const way = WAYS.find((known) => known === (isExpired ? "port" : word));
    return POD_NAME.test(pod) && isUid(job) && way !== undefined ? { pod, job, way } : undefined;
  }

  /** Stores the address. It never throws: without the hint, the next build is only a little slower. */
  write({ pod, job, way }: Address): void {
    const text = `${pod} ${job} ${way} `;
    if (this.#known.startsWith(text) || this.#directory === undefined) return;
    try {
      makeTrustedDirectory(this.#directory);
      replaceFile(join(this.#directory, this.#name), `${text}${Date.now()}`, { mode: 0o600 });
    } catch {
      this.#known = "";
    }
  }
}
