/**
 * What a context holds, entry by entry, in 256 parts: where two contexts differ little, few parts differ, and only those are
 * looked at. The lines are text, so that a shell in a pod can check files against them.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

export interface ManifestEntry {
  /** Byte string relative to the context. */
  readonly path: string;
  readonly kind: "directory" | "file" | "symlink";
  /** The lower twelve bits. */
  readonly mode: number;
  /** In bytes; 0 for what is no file. */
  readonly size: number;
  /** Whole seconds since the epoch; 0 for what is no file, as unpacking does not keep those. */
  readonly mtime: number;
  /** Of a file its sha256 in hex, of a symlink its target. */
  readonly content: string;
  /** The first of several names of one file, for all of them. */
  readonly linked?: string;
}

export interface ManifestDifference {
  /** Paths of this manifest that the other has not, or has otherwise. */
  readonly changed: ReadonlySet<string>;
  /** Paths of the other that this one has not, and those that changed: what to remove before the changed ones come. */
  readonly stale: readonly string[];
}

export const PARTS = 256;

export class Manifest {
  readonly entries: readonly ManifestEntry[];
  readonly parts: readonly Buffer[];
  /** sha256 of each part, in hex. */
  readonly sums: readonly string[];

  /** @param entries Sorted by the walk: a directory before what is in it. */
  constructor(entries: readonly ManifestEntry[]) {
    this.entries = entries;
    const lines = Array.from({ length: PARTS }, (): string[] => []);
    for (const entry of entries) lines[partOf(entry.path)]?.push(lineOf(entry));
    this.parts = lines.map((part) => Buffer.from(part.join("")));
    this.sums = this.parts.map(sha256);
  }

  /** Numbers of the parts whose sums are not these. */
  differing(sums: readonly string[]): number[] {
    return this.sums.flatMap((sum, index) => (sum === sums[index] ? [] : [index]));
  }

  /**
   * @param parts What the other has for each part that differs.
   * @throws Error if one of them is no part of a manifest.
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
    // All names of one file travel together, as one cannot be made a name of what is there already.
    if (groups.size > 0) {
      for (const { path, linked } of this.entries) if (linked !== undefined && groups.has(linked)) changed.add(path);
    }
    const ours = new Map(this.entries.map((entry) => [entry.path, entry.kind]));
    // A directory that stays one keeps what is in it.
    const stays = (path: string): boolean =>
      ours.get(path) === "directory" && theirs.get(path)?.startsWith("d ") === true;
    const stale = [...theirs.keys()].filter((path) => (!ours.has(path) || changed.has(path)) && !stays(path));
    const outside = [...changed].filter((path) => !theirs.has(path) && ours.get(path) !== "directory");
    return { changed, stale: [...stale, ...outside] };
  }

  /** What `find` and `stat` say of the unpacked context, sorted by bytes: the digest of what the shell's `listing` prints. */
  listing(root: string): string {
    const lines = this.entries.map(({ kind, mode, size, mtime, content, path }) => {
      if (kind === "directory") return `d ${mode.toString(8)} ${root}/${path}`;
      if (kind === "symlink") return `l ${content.length} ${root}/${path}`;
      return `f ${mode.toString(8)} ${size} ${mtime} ${root}/${path}`;
    });
    // Names may have line feeds, which sort makes lines of.
    const sorted = lines.join("\n").split("\n").sort();
    const text = lines.length === 0 ? "" : `${sorted.join("\n")}\n`;
    return createHash("sha256").update(text, "latin1").digest("hex");
  }

  /** What `sha256sum -c` reads, of some of the files. A name that it would not read as it is, is left out. */
  checksums(root: string, paths?: ReadonlySet<string>): Buffer {
    const lines = this.entries.flatMap(({ kind, path, content }) =>
      kind === "file" && paths?.has(path) !== false && !/[\\\n\r]/.test(path) ? [`${content}  ${root}/${path}\n`] : [],
    );
    return Buffer.from(lines.join(""), "latin1");
  }
}

/** Part of a path, 0 to 255. */
function partOf(path: string): number {
  return crc32(Buffer.from(path, "latin1")) & (PARTS - 1);
}

/** `KIND MODE SIZE MTIME CONTENT LINKED PATH`, where `-` stands for nothing. */
function lineOf({ kind, mode, size, mtime, content, linked, path }: ManifestEntry): string {
  const text = kind === "symlink" ? escape(content) : content === "" ? "-" : content;
  // The mode of a symlink is what its system makes of it.
  const permissions = kind === "symlink" ? "-" : mode.toString(8);
  return `${kind[0]} ${permissions} ${size} ${mtime} ${text} ${linked === undefined ? "-" : escape(linked)} ${escape(path)}\n`;
}

function pathOf(line: string): string {
  const fields = line.split(" ");
  const path = fields[6];
  if (fields.length !== 7 || path === undefined) throw new Error("no line of a manifest");
  return path.replaceAll(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function escape(bytes: string): string {
  if (/^[!-$&-~]+$/.test(bytes)) return bytes;
  return bytes.replaceAll(/[^!-$&-~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

export function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
