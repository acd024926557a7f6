/** What is remembered of the last build of a project, in a file of the user's: the reason why a step runs again is told from it. */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { trustedCacheDirectory } from "../../lib/files/cache-directory.ts";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";

/** Of another version nothing is read. */
const VERSION = 1;

/** @typeParam T what is remembered; plain JSON */
export class LastBuild<T extends object> {
  readonly #directory: string | undefined;
  readonly #name: string;
  #salt = randomBytes(16).toString("hex");

  /** @param project the same text for builds that are compared with each other */
  constructor(env: Readonly<Record<string, string | undefined>>, project: string) {
    const cache = trustedCacheDirectory(env);
    this.#directory = cache === undefined ? undefined : join(cache, "kept");
    this.#name = `${createHash("sha256").update(`last build\n${project}`).digest("hex").slice(0, 32)}.json`;
  }

  /** Undefined if there is none. Call it before `hash`: a hash is only worth something with the salt of the last build. */
  async read(): Promise<T | undefined> {
    if (this.#directory === undefined) return undefined;
    try {
      const stored = JSON.parse(await readFile(join(this.#directory, this.#name), "utf8")) as {
        version: number;
        salt: string;
        build: T;
      };
      if (stored.version !== VERSION) return undefined;
      this.#salt = stored.salt;
      return stored.build;
    } catch {
      return undefined;
    }
  }

  /** A value that may be a secret is stored only as a hash, which nobody can compare with that of another file. */
  hash(value: string): string {
    return createHmac("sha256", this.#salt).update(value).digest("hex").slice(0, 32);
  }

  /** Never throws: without the file the next build has no reason to tell. */
  write(build: T): void {
    if (this.#directory === undefined) return;
    try {
      makeTrustedDirectory(this.#directory);
      const text = JSON.stringify({ version: VERSION, salt: this.#salt, build });
      replaceFile(join(this.#directory, this.#name), text, { mode: 0o600 });
    } catch {
      // A read-only home is not a fault of the build.
    }
  }
}
