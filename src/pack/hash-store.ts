/**
 * The sha256 of files that have not changed since they were last read, by what their file system says of them. It changes the
 * time of an inode's change (ctime) at every write, and nobody can set that.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync, type Stats } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Version of the file's form. */
const FORMAT_VERSION = 1;
/** What was written so short a time before it was read may be written again without a new time, in milliseconds. */
const MIN_AGE_MS = 2000;

export class HashStore {
  readonly #file: string;
  readonly #known: Map<string, string>;
  readonly #next = new Map<string, string>();
  #changed = false;

  /** @param file Read if it is there; what it does not hold, or not as it should, is as if it were not known. */
  constructor(file: string) {
    this.#file = file;
    this.#known = readKnown(file);
  }

  /** Of a file's content, if it is still the one that was read. @param path Byte string. */
  get(path: string, stat: Stats): string | undefined {
    const [facts, digest] = this.#known.get(path)?.split(" ") ?? [];
    if (digest === undefined || facts !== factsOf(stat)) return undefined;
    this.#next.set(path, `${facts} ${digest}`);
    return digest;
  }

  /** @param stat Of before it was read. */
  set(path: string, stat: Stats, digest: string, now = Date.now()): void {
    this.#changed = true;
    if (Math.max(stat.mtimeMs, stat.ctimeMs) > now - MIN_AGE_MS) return;
    this.#next.set(path, `${factsOf(stat)} ${digest}`);
  }

  /** Keeps what was asked for or set, and forgets the rest. What cannot be written is read again next time. */
  save(): void {
    if (!this.#changed && this.#next.size === this.#known.size) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      const own = `${this.#file}.${process.pid}`;
      writeFileSync(own, JSON.stringify({ form: FORMAT_VERSION, files: [...this.#next] }), { mode: 0o600 });
      renameSync(own, this.#file);
    } catch {
      // A disk that is full or read-only only costs time.
    }
  }
}

/** Where the hashes of a directory's files are kept. */
export function hashFile(root: string, env: Readonly<Record<string, string | undefined>>): string {
  const xdg = env["XDG_CACHE_HOME"];
  const base = xdg !== undefined && xdg.startsWith("/") ? xdg : join(homedir(), ".cache");
  return join(base, "slipway", "hashes", `${createHash("sha256").update(root).digest("hex").slice(0, 32)}.json`);
}

function factsOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}

function readKnown(file: string): Map<string, string> {
  try {
    const { form, files } = JSON.parse(readFileSync(file, "utf8")) as { form?: unknown; files?: unknown };
    if (form !== FORMAT_VERSION || !Array.isArray(files)) return new Map();
    return new Map(files as [string, string][]);
  } catch {
    return new Map();
  }
}
