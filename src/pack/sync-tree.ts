/** The context as BuildKit's file sync takes it: the same walk and the same rules as for an archive. */
import { lstatSync } from "node:fs";
import type { BigIntStats, Stats } from "node:fs";
import type { SyncRequest, SyncTree } from "../lib/buildkit/services/file-sync.ts";
import { StatPackets } from "../lib/buildkit/services/stat-packets.ts";
import type { SyncEntry } from "../lib/buildkit/services/stat-packets.ts";
import { parseIgnoreFile } from "../lib/dockerignore/dockerignore.ts";
import type { IgnoreRules } from "../lib/dockerignore/dockerignore.ts";
import type { FileStat, FileTree, OpenFile } from "../lib/files/file-tree.ts";
import { PathResolver, toBytes, toText } from "../lib/files/path-bytes.ts";
import type { ContextSource } from "../plan/plan.ts";
import type { PackNote } from "./pack.ts";
import { findPrunedPaths } from "./pruned-paths.ts";
import type { PrunedPaths } from "./pruned-paths.ts";
import { DiskTree, isGone, unreadableInContext } from "./tree.ts";
import { walkContext } from "./walk.ts";
import type { WalkFilter } from "./walk.ts";

/** A file was there when the tree was listed and is not any more: listed again, the tree would be right. */
export class FileVanished extends Error {
  override readonly name = "FileVanished";
}

const NS_PER_MS = 1_000_000n;

/** Read at once, and sent before the next piece is. */
const PIECE_BYTES = 256 << 10;

/** Paths listed ahead between two turns of the event loop: a millisecond or two of work, as the way to the daemon is opened meanwhile. */
const AHEAD_ENTRIES = 64;

/** A path as it is on the disk. Which file of several with one inode is the first depends on what is sent, so it is known only then. */
interface ListedEntry extends SyncEntry {
  /** Of a file with hard links, else empty. */
  readonly inode: string;
}

/** What was listed before the daemon asked. */
interface Ahead {
  /** Packets, and between them the files that are still to be linked. */
  readonly parts: (StatPackets | ListedEntry)[];
  /** The parts that are left to list. */
  readonly rest: Generator<ListedEntry | undefined>;
  taken: boolean;
}

export interface SyncedContext extends Pick<ContextSource, "root" | "tree" | "ignoreFile" | "ignoreName"> {
  /** No file's time is later, in seconds since 1970. */
  readonly latest?: number | undefined;
  readonly onNote: (note: PackNote) => void;
}

export class ContextTree implements SyncTree {
  readonly #context: SyncedContext;
  readonly #rules: IgnoreRules;
  readonly #tree: FileTree;
  readonly #latest: bigint | undefined;
  readonly #sent: string[] = [];
  #listed = 0;
  #ahead: Ahead | undefined;

  /** @throws InvalidInput for a malformed ignore file, or a root that is not a directory */
  constructor(context: SyncedContext) {
    this.#context = context;
    this.#rules = parseIgnoreFile(context.ignoreFile, context.ignoreName);
    this.#tree = context.tree ?? new ExactTree(context.root);
    this.#latest = context.latest === undefined ? undefined : BigInt(context.latest) * 1_000_000_000n;
  }

  /** Byte strings: the files that were asked for so far, because the daemon did not have them as they are. */
  get sent(): readonly string[] {
    return this.#sent;
  }

  /** Number of files that were listed the last time. */
  get listed(): number {
    return this.#listed;
  }

  /** Lists the tree in the background, for the first that asks: while the way to the daemon is being opened there is time. */
  listAhead(): void {
    const ahead: Ahead = { parts: [], rest: this.#walk(undefined), taken: false };
    this.#ahead = ahead;
    const step = (): void => {
      if (ahead.taken) return;
      try {
        for (let count = 0; count < AHEAD_ENTRIES; count++) {
          const { value, done } = ahead.rest.next();
          if (done === true) return;
          if (value !== undefined) addPart(ahead.parts, value);
        }
      } catch {
        // The daemon may never ask for this file. If it does, it gets the error then.
        this.#ahead = undefined;
        return;
      }
      setImmediate(step);
    };
    setImmediate(step);
  }

  *entries({ followPaths }: SyncRequest): Generator<SyncEntry | StatPackets | undefined, void, undefined> {
    // The daemon looks for an ignore file, but its rules have been applied here already.
    if (followPaths.length === 1 && followPaths[0] === ".dockerignore") return;
    const used = followPaths.length === 0 ? undefined : findPrunedPaths(this.#tree, followPaths);
    this.#listed = 0;
    const links = new Map<string, string>();
    for (const part of this.#partsOf(used)) {
      if (part instanceof StatPackets) {
        this.#listed += part.fileCount;
        yield part;
        continue;
      }
      const entry = part && linked(part, links);
      if (entry?.kind === "file" && entry.link === undefined) this.#listed++;
      yield entry;
    }
  }

  *#partsOf(used: PrunedPaths | undefined): Generator<ListedEntry | StatPackets | undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead === undefined) {
      yield* this.#walk(used);
      return;
    }
    ahead.taken = true;
    const covers = (path: string): boolean => used?.covers(path) !== false;
    for (const part of ahead.parts) {
      if (part instanceof StatPackets) yield used === undefined ? part : chosen(part, covers);
      else if (covers(part.path)) yield part;
    }
    for (const entry of ahead.rest) if (entry === undefined || covers(entry.path)) yield entry;
  }

  *read(path: string): Generator<Uint8Array, void, undefined> {
    const { onNote } = this.#context;
    this.#sent.push(path);
    using source = this.#open(path);
    const before = source.stat();
    if (!before.isFile()) throw new FileVanished(`${toText(path)} is not a file any more`);
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, before.size + 1));
    for (;;) {
      let count: number;
      try {
        count = source.read(piece, 0, piece.length);
      } catch (error) {
        throw unreadableInContext(path, error);
      }
      if (count > 0) yield piece.subarray(0, count);
      if (count < piece.length) break;
    }
    const after = source.stat();
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs)
      onNote({ path: toText(path), reason: "changed" });
  }

  #open(path: string): OpenFile {
    try {
      return this.#tree.open(path);
    } catch (error) {
      if (isGone(error)) throw new FileVanished(`${toText(path)} was deleted while the context was sent`);
      throw unreadableInContext(path, error);
    }
  }

  *#walk(filter: WalkFilter | undefined): Generator<ListedEntry | undefined> {
    for (const entry of walkContext(this.#tree, this.#rules, this.#context.onNote, filter)) {
      if (entry === undefined) {
        yield undefined;
        continue;
      }
      const { path, kind, stat, target } = entry;
      const mtime = isExact(stat) ? stat.exact.mtime : BigInt(Math.floor(stat.mtimeMs)) * NS_PER_MS;
      const inode = isExact(stat) ? stat.inode : String(stat.ino);
      yield {
        path,
        kind,
        mode: stat.mode,
        size: stat.size,
        mtime: this.#latest !== undefined && mtime > this.#latest ? this.#latest : mtime,
        ...(target === undefined ? {} : { link: target }),
        inode: kind === "file" && stat.nlink > 1 ? inode : "",
      };
    }
  }
}

function addPart(parts: Ahead["parts"], entry: ListedEntry): void {
  if (entry.inode !== "") {
    parts.push(entry);
    return;
  }
  let last = parts.at(-1);
  if (!(last instanceof StatPackets) || last.isFull) parts.push((last = new StatPackets()));
  last.add(entry);
}

function chosen(packets: StatPackets, covers: (path: string) => boolean): StatPackets {
  const these = new StatPackets();
  these.addAll(packets, covers);
  return these;
}

/** The entry, as a link to the first one of its inode. @param first the paths of those, by their inodes */
function linked(entry: ListedEntry, first: Map<string, string>): SyncEntry {
  if (entry.inode === "") return entry;
  const link = first.get(entry.inode);
  if (link === undefined) first.set(entry.inode, entry.path);
  return link === undefined ? entry : { ...entry, link };
}

/** Metadata of a path, with the values that a double cannot hold exactly. */
interface ExactStats extends Stats {
  readonly exact: { readonly mtime: bigint };
  readonly inode: string;
}

/** An archive's entries have times in milliseconds, and numbers instead of inodes. */
function isExact(stat: FileStat): stat is ExactStats {
  return "exact" in stat;
}

class ExactTree extends DiskTree {
  readonly #paths: PathResolver;

  constructor(root: string) {
    super(root);
    this.#paths = new PathResolver(root);
  }

  override stat(path: string): Stats {
    return exactly(lstatSync(this.#paths.resolve(path), { bigint: true }));
  }
}

function exactly(stat: BigIntStats): ExactStats {
  const fields = {
    mode: Number(stat.mode),
    size: Number(stat.size),
    nlink: Number(stat.nlink),
    mtimeMs: Number(stat.mtimeMs),
    exact: { mtime: stat.mtimeNs },
    inode: stat.nlink > 1n ? `${stat.dev}:${stat.ino}` : "",
    isDirectory: () => stat.isDirectory(),
    isFile: () => stat.isFile(),
    isSymbolicLink: () => stat.isSymbolicLink(),
    isFIFO: () => stat.isFIFO(),
    isSocket: () => stat.isSocket(),
  };
  return fields as unknown as ExactStats;
}

/** Small files that are made here, such as the Dockerfile. Their time is the same always: the daemon is sent them each time. */
export function memoryTree(files: Readonly<Record<string, Uint8Array>>): SyncTree {
  const byPath = new Map(Object.entries(files).map(([path, data]) => [toBytes(path), data]));
  return {
    entries: () =>
      [...byPath]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([path, data]) => ({ path, kind: "file" as const, mode: 0o644, size: data.length, mtime: 0n })),
    read: (path) => [byPath.get(path) ?? new Uint8Array()],
  };
}
