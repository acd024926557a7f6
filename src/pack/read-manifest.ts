/** Makes the manifest of a local context: one walk, which reads only files without a stored hash. */
import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { archivedMode } from "./archive-sink.ts";
import { parseIgnoreFile } from "../lib/dockerignore/dockerignore.ts";
import type { HashStore } from "./hash-store.ts";
import { Manifest, type ManifestEntry } from "./manifest.ts";
import type { FileTree } from "../lib/files/file-tree.ts";
import type { SurveyOptions } from "./survey.ts";
import { isGone, treeOf, unreadableInContext } from "./tree.ts";
import { walkContext, type WalkEntry } from "./walk.ts";

const PIECE_BYTES = 1024 * 1024;

/**
 * @param latest upper bound for file times in Unix seconds, as in the archive
 * @throws InvalidInput for a path that cannot be read; the signal's reason
 */
export async function readManifest(options: SurveyOptions, hashes: HashStore, latest = Infinity): Promise<Manifest> {
  const rules = parseIgnoreFile(options.ignoreFile, options.ignoreName);
  const tree = treeOf(options);
  const reader = new EntryReader(tree, hashes, latest);
  let read = 0;
  // The packer reports skipped entries.
  for (const entry of walkContext(tree, rules, () => {}, options.filter)) {
    if (entry !== undefined) read += reader.add(entry);
    if (entry === undefined || read > PIECE_BYTES) {
      read = 0;
      await nextTurn();
      options.signal.throwIfAborted();
    }
  }
  hashes.save();
  return new Manifest(reader.entries());
}

class EntryReader {
  readonly #entries: ManifestEntry[] = [];
  readonly #tree: FileTree;
  readonly #hashes: HashStore;
  readonly #latest: number;
  readonly #buffer = Buffer.allocUnsafe(PIECE_BYTES);
  /** Paths of each inode with several names. */
  readonly #names = new Map<string, string[]>();

  constructor(tree: FileTree, hashes: HashStore, latest: number) {
    this.#latest = latest;
    this.#tree = tree;
    this.#hashes = hashes;
  }

  /** @returns how many bytes were read for this entry. */
  add({ path, kind, stat, target }: WalkEntry): number {
    const mode = archivedMode(stat);
    if (kind !== "file") {
      this.#entries.push({ path, kind, mode, size: 0, mtime: 0, content: target ?? "" });
      return 0;
    }
    const known = this.#hashes.get(path, stat);
    const content = known ?? this.#read(path);
    if (content === undefined) return 0;
    if (known === undefined) this.#hashes.set(path, stat, content);
    if (stat.nlink > 1) this.#name(path);
    const mtime = Math.min(Math.floor(stat.mtimeMs / 1000), this.#latest);
    this.#entries.push({ path, kind, mode, size: stat.size, mtime, content });
    return known === undefined ? stat.size : 0;
  }

  entries(): ManifestEntry[] {
    const first = new Map<string, string>();
    for (const names of this.#names.values()) {
      if (names.length > 1) for (const name of names) first.set(name, names[0] ?? name);
    }
    if (first.size === 0) return this.#entries;
    return this.#entries.map((entry) => {
      const linked = first.get(entry.path);
      return linked === undefined ? entry : { ...entry, linked };
    });
  }

  #name(path: string): void {
    const inode = this.#tree.identity(path);
    if (inode === undefined) return;
    this.#names.set(inode, [...(this.#names.get(inode) ?? []), path]);
  }

  /** Undefined if the file is gone. */
  #read(path: string): string | undefined {
    try {
      using source = this.#tree.open(path);
      const hash = createHash("sha256");
      for (;;) {
        const count = source.read(this.#buffer, 0, PIECE_BYTES);
        hash.update(this.#buffer.subarray(0, count));
        if (count < PIECE_BYTES) return hash.digest("hex");
      }
    } catch (error) {
      if (isGone(error)) return undefined;
      throw unreadableInContext(path, error);
    }
  }
}
