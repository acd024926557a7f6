/** What is remembered of the last build of a project, in a file of the user's: the reason why a step runs again is told from it. */
import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Of another version nothing is read. */
const VERSION = 1;

/** @typeParam T what is remembered; plain JSON */
export class LastBuild<T extends object> {
  readonly #directory: string;
  readonly #file: string;
  #salt = randomBytes(16).toString("hex");

  /** @param project the same text for builds that are compared with each other */
  constructor(env: Readonly<Record<string, string | undefined>>, project: string) {
    this.#directory = join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "slipway", "kept");
    const name = createHash("sha256").update(`last build\n${project}`).digest("hex").slice(0, 32);
    this.#file = join(this.#directory, `${name}.json`);
  }

  /** Undefined if there is none. Call it before `hash`: a hash is only worth something with the salt of the last build. */
  async read(): Promise<T | undefined> {
    try {
      const stored = JSON.parse(await readFile(this.#file, "utf8")) as { version: number; salt: string; build: T };
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
  async write(build: T): Promise<void> {
    const partial = `${this.#file}.${randomBytes(6).toString("hex")}`;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      const text = JSON.stringify({ version: VERSION, salt: this.#salt, build });
      await writeFile(partial, text, { flag: "wx", mode: 0o600 });
      await rename(partial, this.#file);
    } catch {
      // A read-only home is not a fault of the build.
    }
  }
}
