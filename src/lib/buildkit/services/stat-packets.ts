/** Entries of a tree as the packets that tell the daemon of them (github.com/tonistiigi/fsutil: types/wire.proto, types/stat.proto). */
import { Writer, varintLength } from "../protobuf.ts";

/** One path of a tree. */
export interface SyncEntry {
  /** Byte string: the path relative to the tree's root, with `/` between its parts. */
  readonly path: string;
  readonly kind: "directory" | "file" | "symlink";
  /** Unix permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  /** Size of a file in bytes. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  /** Byte string: the target of a symlink; for a hard link, the path of the file's first entry. */
  readonly link?: string;
}

/** About how many bytes are sent at once. */
const FULL_BYTES = 48 << 10;

/** Bits of Go's os.FileMode, which fsutil uses: https://pkg.go.dev/io/fs#FileMode */
const GO_MODE = { directory: 2 ** 31, symlink: 2 ** 27, setuid: 2 ** 23, setgid: 2 ** 22, sticky: 2 ** 20 } as const;

/** Converts Unix permission bits to Go's os.FileMode. */
export function goMode(kind: SyncEntry["kind"], mode: number): number {
  return (
    (mode & 0o777) +
    (kind === "file" ? 0 : GO_MODE[kind]) +
    ((mode & 0o4000) === 0 ? 0 : GO_MODE.setuid) +
    ((mode & 0o2000) === 0 ? 0 : GO_MODE.setgid) +
    ((mode & 0o1000) === 0 ? 0 : GO_MODE.sticky)
  );
}

/** Ends a list: a framed packet whose fields all have their default values. */
export const LIST_END: Uint8Array = new Uint8Array(5);

/** Framed packets, one for each entry. They are encoded by hand, because the general encoder takes four times as long. */
export class StatPackets {
  readonly #out = new Writer(1024);
  readonly #paths: string[] = [];
  /** Whether the entry is a file that the daemon may ask for. */
  readonly #isFile: boolean[] = [];
  /** Where the packet of the entry ends. */
  readonly #ends: number[] = [];

  get count(): number {
    return this.#paths.length;
  }

  /** How many of the entries are files that the daemon may ask for. */
  get fileCount(): number {
    return this.#isFile.filter(Boolean).length;
  }

  /** Whether they are better sent before another entry is added. */
  get isFull(): boolean {
    return this.#out.length >= FULL_BYTES;
  }

  /** All packets. Valid until an entry is added. */
  get bytes(): Buffer {
    return this.#out.written;
  }

  /** The places in the list, from 0, and the paths of the files that the daemon may ask for. */
  *files(): Generator<readonly [at: number, path: string]> {
    for (const [at, isFile] of this.#isFile.entries()) if (isFile) yield [at, this.#paths[at] ?? ""];
  }

  add({ path, kind, mode, size, mtime, link }: SyncEntry): void {
    STAT.clear();
    STAT.tag(1, 2);
    STAT.string(path, "latin1");
    STAT.tag(2, 0);
    STAT.number(goMode(kind, mode));
    if (kind === "file" && size > 0) {
      STAT.tag(5, 0);
      STAT.number(size);
    }
    if (mtime !== 0n) {
      STAT.tag(6, 0);
      STAT.big(mtime);
    }
    if (link !== undefined) {
      STAT.tag(7, 2);
      STAT.string(link, "latin1");
    }
    const { written } = STAT;
    this.#out.frameHead(1 + varintLength(written.length) + written.length);
    this.#out.tag(2, 2);
    this.#out.delimited(written);
    this.#note(path, kind === "file" && link === undefined);
  }

  /** Adds the entries of others. @param covers whether a path is wanted; absent: all of them are */
  addAll(others: StatPackets, covers: (path: string) => boolean = () => true): void {
    const { bytes } = others;
    for (const [at, path] of others.#paths.entries()) {
      if (!covers(path)) continue;
      this.#out.raw(bytes.subarray(others.#ends[at - 1] ?? 0, others.#ends[at]));
      this.#note(path, others.#isFile[at] === true);
    }
  }

  #note(path: string, isFile: boolean): void {
    this.#paths.push(path);
    this.#isFile.push(isFile);
    this.#ends.push(this.#out.length);
  }
}

/** One entry is encoded at a time. */
const STAT = new Writer(4096);
