/** Stores facts about the last build of a project in a file. The next build explains with them why a step runs again. */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { trustedCacheDirectory } from "../../lib/files/cache-directory.ts";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";

/** Version of the file. A file with another version is ignored. */
const VERSION = 1;

/** The file of one project. @typeParam T the stored facts, plain JSON */
export class LastBuild<T extends object> {
  readonly #directory: string | undefined;
  readonly #name: string;
  #salt = randomBytes(16).toString("hex");

  /** @param project any text; builds with the same text are compared with each other */
  constructor(env: Readonly<Record<string, string | undefined>>, project: string) {
    const cache = trustedCacheDirectory(env);
    this.#directory = cache === undefined ? undefined : join(cache, "kept");
    this.#name = `${createHash("sha256").update(`last build\n${project}`).digest("hex").slice(0, 32)}.json`;
  }

  /** Reads the facts of the last build; undefined if there are none. Call it before `hash`, because it loads the salt. */
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

  /** Hashes a value that may be a secret. The salt is this file's own, so hashes of different files cannot be compared. */
  hash(value: string): string {
    return createHmac("sha256", this.#salt).update(value).digest("hex").slice(0, 32);
  }

  /** Writes the facts. It never throws: without the file, the next build only cannot explain why a step runs again. */
  write(build: T): void {
    if (this.#directory === undefined) return;
    try {
      makeTrustedDirectory(this.#directory);
      const text = JSON.stringify({ version: VERSION, salt: this.#salt, build });
      replaceFile(join(this.#directory, this.#name), text, { mode: 0o600 });
    } catch {
      // A read-only home directory must not fail the build.
    }
  }
}
