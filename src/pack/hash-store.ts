/**
 * Stores the sha256 of files, with their metadata. A hash is valid while the metadata is the same: every write changes the ctime
 * of an inode, and nothing can set a ctime.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { trustedCacheDirectory } from "../lib/files/cache-directory.ts";
import type { FileStat } from "../lib/files/file-tree.ts";
import { replaceFile } from "../lib/files/replace-file.ts";
import { makeTrustedDirectory } from "../lib/files/trusted-directory.ts";

/** Version of the file format. */
const FORMAT_VERSION = 1;
/** A younger file is not stored: it may be written again without a new time. */
const MIN_AGE_MS = 2000;

export class HashStore {
  readonly #file: string | undefined;
  readonly #known: Map<string, string>;
  readonly #next = new Map<string, string>();
  #changed = false;

  /** @param file Read if it exists. Invalid content is ignored. Undefined: nothing is stored. */
  constructor(file: string | undefined) {
    this.#file = file;
    this.#known = file === undefined ? new Map() : readKnown(file);
  }

  /** Hash of a file that has not changed. @param path Byte string. */
  get(path: string, stat: FileStat): string | undefined {
    const [facts, digest] = this.#known.get(path)?.split(" ") ?? [];
    if (digest === undefined || facts !== factsOf(stat)) return undefined;
    this.#next.set(path, `${facts} ${digest}`);
    return digest;
  }

  /** @param stat From before the file was read. */
  set(path: string, stat: FileStat, digest: string, now = Date.now()): void {
    this.#changed = true;
    if (Math.max(stat.mtimeMs, stat.ctimeMs) > now - MIN_AGE_MS) return;
    this.#next.set(path, `${factsOf(stat)} ${digest}`);
  }

  /** Writes the entries that were read or set, and drops the others. A failed write is ignored: the files are then hashed again. */
  save(): void {
    if (this.#file === undefined) return;
    if (!this.#changed && this.#next.size === this.#known.size) return;
    try {
      makeTrustedDirectory(dirname(this.#file));
      replaceFile(this.#file, JSON.stringify({ form: FORMAT_VERSION, files: [...this.#next] }), { mode: 0o600 });
    } catch {
      // A full or read-only disk only costs time.
    }
  }
}

/** Path of the file with the hashes of a directory; undefined if other users could write to it. */
export function hashFile(root: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const cache = trustedCacheDirectory(env);
  if (cache === undefined) return undefined;
  return join(cache, "hashes", `${createHash("sha256").update(root).digest("hex").slice(0, 32)}.json`);
}

function factsOf({ dev, ino, size, mtimeMs, ctimeMs }: FileStat): string {
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
