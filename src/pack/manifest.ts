/**
 * Lists the entries of a context in 256 parts. If two contexts differ little, few parts differ, and only those are compared.
 * The lines are text, so that a shell in a pod can check files against them.
 */
import { OWNER_ALL, isClosedToOwner } from "../lib/files/file-tree.ts";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export interface ManifestEntry {
  /** Byte string relative to the context. */
  readonly path: string;
  readonly kind: "directory" | "file" | "symlink";
  /** The lower twelve bits. */
  readonly mode: number;
  /** In bytes; 0 if the entry is not a file. */
  readonly size: number;
  /** Whole Unix seconds; 0 if the entry is not a file, because unpacking does not keep its time. */
  readonly mtime: number;
  /** For a file: its sha256 in hex. For a symlink: its target. */
  readonly content: string;
  /** The first name, if the file has several names. */
  readonly linked?: string;
}

export interface ManifestDifference {
  /** Paths of this manifest that are missing or different in the other. */
  readonly changed: ReadonlySet<string>;
  /** Paths to remove before the changed ones arrive: paths that are only in the other manifest, and changed paths. */
  readonly stale: readonly string[];
}

export const PARTS = 256;

const OWNER_READ = 0o400;

export class Manifest {
  readonly entries: readonly ManifestEntry[];
  readonly parts: readonly Buffer[];
  /** sha256 of each part, in hex. */
  readonly sums: readonly string[];

  /** @param entries In the order of the walk: a directory before its entries. */
  constructor(entries: readonly ManifestEntry[]) {
    this.entries = entries;
    const lines = Array.from({ length: PARTS }, (): string[] => []);
    for (const entry of entries) lines[partOf(entry.path)]?.push(lineOf(entry));
    this.parts = lines.map((part) => Buffer.from(part.join("")));
    this.sums = this.parts.map(sha256);
  }

  /** Numbers of the parts with different sums. */
  differing(sums: readonly string[]): number[] {
    return this.sums.flatMap((sum, index) => (sum === sums[index] ? [] : [index]));
  }

  /**
   * @param parts Content in the other manifest of each part that differs.
   * @throws Error if one of them is not part of a manifest.
   */
  difference(parts: ReadonlyMap<number, Buffer>): ManifestDifference {
    const theirs = new Map<string, string>();
    for (const text of parts.values()) {
      for (const line of text.toString("latin1").split("\n")) if (line !== "") theirs.set(pathOf(line), `${line}\n`);
    }
    const changed = new Set<string>();
    const groups = new Set<string>();
    for (const entry of this.entries) {
      if (!parts.has(partOf(entry.path)) || theirs.get(entry.path) === lineOf(entry)) continue;
      changed.add(entry.path);
      if (entry.linked !== undefined) groups.add(entry.linked);
    }
    // Nothing can be put into these until they are opened, and they get their modes from the archive.
    for (const { path, kind, mode } of this.entries)
      if (kind === "directory" && isClosedToOwner(mode)) changed.add(path);
    // All names of one file are sent together: a new name cannot be linked to a file that is there already.
    if (groups.size > 0) {
      for (const { path, linked } of this.entries) if (linked !== undefined && groups.has(linked)) changed.add(path);
    }
    const ours = new Map(this.entries.map((entry) => [entry.path, entry.kind]));
    // If a path stays a directory, its entries are kept.
    const stays = (path: string): boolean =>
      ours.get(path) === "directory" && theirs.get(path)?.startsWith("d ") === true;
    const stale = [...theirs.keys()].filter((path) => (!ours.has(path) || changed.has(path)) && !stays(path));
    const outside = [...changed].filter((path) => !theirs.has(path) && ours.get(path) !== "directory");
    return { changed, stale: [...stale, ...outside] };
  }

  /**
   * Digest of the output of `find` and `stat` for the unpacked context, sorted by bytes. The shell's `listing` prints the same text of
   * the tree in the cache, whose directories are open to their owner.
   */
  listing(root: string): string {
    const lines = this.entries.map(({ kind, mode, size, mtime, content, path }) => {
      if (kind === "directory") return `d ${(mode | OWNER_ALL).toString(8)} ${root}/${path}`;
      if (kind === "symlink") return `l ${content.length} ${root}/${path}`;
      return `f ${mode.toString(8)} ${size} ${mtime} ${root}/${path}`;
    });
    // A name may have a line feed, and sort then treats it as several lines.
    const sorted = lines.join("\n").split("\n").sort();
    const text = lines.length === 0 ? "" : `${sorted.join("\n")}\n`;
    return createHash("sha256").update(text, "latin1").digest("hex");
  }

  /** Input for `sha256sum -c`, for some of the files. Skips names that sha256sum would escape, and files that it may not read. */
  checksums(root: string, paths?: ReadonlySet<string>): Buffer {
    const lines = this.entries.flatMap(({ kind, path, mode, content }) =>
      kind === "file" && paths?.has(path) !== false && (mode & OWNER_READ) !== 0 && !/[\\\n\r]/.test(path)
        ? [`${content}  ${root}/${path}\n`]
        : [],
    );
    return Buffer.from(lines.join(""), "latin1");
  }
}

/** Number of a path's part, 0 to 255. */
function partOf(path: string): number {
  return crc32(Buffer.from(path, "latin1")) & (PARTS - 1);
}

/** `KIND MODE SIZE MTIME CONTENT LINKED PATH`; `-` is an empty field. */
function lineOf({ kind, mode, size, mtime, content, linked, path }: ManifestEntry): string {
  const text = kind === "symlink" ? escape(content) : content === "" ? "-" : content;
  // The mode of a symlink depends on the operating system.
  const permissions = kind === "symlink" ? "-" : mode.toString(8);
  return `${kind[0]} ${permissions} ${size} ${mtime} ${text} ${linked === undefined ? "-" : escape(linked)} ${escape(path)}\n`;
}

function pathOf(line: string): string {
  const fields = line.split(" ");
  const path = fields[6];
  if (fields.length !== 7 || path === undefined) throw new Error("not a line of a manifest");
  return path.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function escape(bytes: string): string {
  if (/^[!-$&-~]+$/.test(bytes)) return bytes;
  return bytes.replaceAll(/[^!-$&-~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

export function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
