/**
 * Files on their way to the daemon, which asks for a tree and then for those files of it that it does not have: fsutil's protocol
 * (github.com/tonistiigi/fsutil: send.go, receive.go, diff_containerd.go), as /moby.filesync.v1.FileSync/DiffCopy.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { CODE, GrpcError } from "../grpc.ts";
import type { Metadata } from "../grpc.ts";
import { PACKET } from "../messages.ts";
import { ProtocolError, Writer, decode, varintLength } from "../protobuf.ts";
import type { Methods, ServedCall } from "../served.ts";

/** One path of a tree, as the daemon keeps it. */
export interface SyncEntry {
  /** Byte string relative to the tree's root, `/` between its parts. */
  readonly path: string;
  readonly kind: "directory" | "file" | "symlink";
  /** Unix permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  /** Bytes, of a file. */
  readonly size: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  /** Byte string: what a symlink says; of a file, the path of the same file that came before. */
  readonly link?: string;
}

/** What the daemon asks for. */
export interface SyncRequest {
  /** Which of the trees: `context`, `dockerfile`. */
  readonly name: string;
  /** Paths it will use, with Go's wildcards; none: all of them. */
  readonly followPaths: readonly string[];
}

export interface SyncTree {
  /**
   * A directory before what is in it, siblings in the order of their bytes with `/` lowest; `undefined` now and then, as a
   * moment to let other work run. What it throws ends the build.
   */
  entries(request: SyncRequest): Iterable<SyncEntry | undefined>;
  /** A file's content, in pieces that may be used again once the next is asked for. What it throws ends the build. */
  read(path: string): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export interface SyncProgress {
  /** Entries told of, all requests taken together. */
  entries: number;
  /** Files asked for, and their bytes. */
  files: number;
  bytes: number;
}

const TYPE = { stat: 0, request: 1, data: 2, end: 3, error: 4 } as const;

/** STATs go out in batches of about so many bytes. */
const BATCH_BYTES = 48 << 10;

/** Of a file; the daemon's limit for a message is 16 MiB, and its own client sends 32 KiB. */
const PIECE_BYTES = 256 << 10;

/** Go's os.FileMode, in which fsutil tells modes: https://pkg.go.dev/io/fs#FileMode */
const GO_MODE = { directory: 2 ** 31, symlink: 2 ** 27, setuid: 2 ** 23, setgid: 2 ** 22, sticky: 2 ** 20 } as const;

export function goMode(kind: SyncEntry["kind"], mode: number): number {
  return (
    (mode & 0o777) +
    (kind === "file" ? 0 : GO_MODE[kind]) +
    ((mode & 0o4000) === 0 ? 0 : GO_MODE.setuid) +
    ((mode & 0o2000) === 0 ? 0 : GO_MODE.setgid) +
    ((mode & 0o1000) === 0 ? 0 : GO_MODE.sticky)
  );
}

/** @param trees by the names that the daemon asks for */
export function fileSync(
  trees: ReadonlyMap<string, SyncTree>,
  onProgress: (progress: SyncProgress) => void = () => {},
): Methods {
  const progress: SyncProgress = { entries: 0, files: 0, bytes: 0 };
  return {
    "/moby.filesync.v1.FileSync/DiffCopy": async (call) => {
      const request = readRequest(call.metadata);
      const tree = trees.get(request.name);
      if (tree === undefined) throw new GrpcError(CODE.notFound, `there is no directory ${request.name} to send`);
      await new Sender(call, tree, request, progress, () => onProgress(progress)).run();
    },
  };
}

function readRequest(metadata: Metadata): SyncRequest {
  return { name: values(metadata, "dir-name")[0] ?? "", followPaths: values(metadata, "followpaths") };
}

/** All of a key's values are escaped where one of them is not ASCII (buildkit session/filesync: encodeOpts). */
function values(metadata: Metadata, key: string): string[] {
  const found = metadata.all(key);
  return metadata.first(`${key}-encoded`) === "1" ? found.map(queryUnescape) : found;
}

function queryUnescape(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}

class Sender {
  readonly #call: ServedCall;
  readonly #tree: SyncTree;
  readonly #request: SyncRequest;
  readonly #progress: SyncProgress;
  readonly #tell: () => void;
  /** By their numbers, which count all entries: a number that is not here is not a file's. */
  readonly #files = new Map<number, string>();
  readonly #wanted: { readonly id: number; readonly path: string }[] = [];
  #wake: () => void = () => {};
  #finished = false;

  constructor(call: ServedCall, tree: SyncTree, request: SyncRequest, progress: SyncProgress, tell: () => void) {
    this.#call = call;
    this.#tree = tree;
    this.#request = request;
    this.#progress = progress;
    this.#tell = tell;
  }

  async run(): Promise<void> {
    const receiving = this.#receive();
    try {
      await Promise.all([this.#sendEntries(), this.#sendFiles(), receiving]);
    } catch (error) {
      this.#finished = true;
      this.#wake();
      throw error;
    }
  }

  async #sendEntries(): Promise<void> {
    const batch = new StatBatch();
    let id = 0;
    for (const entry of this.#tree.entries(this.#request)) {
      if (entry === undefined) {
        await nextTurn();
        this.#call.signal.throwIfAborted();
        continue;
      }
      if (entry.kind === "file" && entry.link === undefined) this.#files.set(id, entry.path);
      id++;
      batch.add(entry);
      if (batch.length >= BATCH_BYTES) await this.#flush(batch);
    }
    batch.addEnd();
    await this.#flush(batch);
    this.#progress.entries += id;
    this.#tell();
  }

  async #flush(batch: StatBatch): Promise<void> {
    await this.#call.writeFramed(batch.take());
    // So that questions about our health are answered in between.
    await nextTurn();
  }

  /** One file after the other: what it takes to open the next overlaps with what waits to be sent. */
  async #sendFiles(): Promise<void> {
    while (!this.#finished || this.#wanted.length > 0) {
      const next = this.#wanted.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      await this.#sendFile(next.id, next.path);
    }
  }

  async #sendFile(id: number, path: string): Promise<void> {
    for await (const piece of this.#tree.read(path)) {
      for (let at = 0; at < piece.length; at += PIECE_BYTES) {
        const data = piece.subarray(at, at + PIECE_BYTES);
        await this.#call.writeFramed(dataPacket(id, data));
        this.#progress.bytes += data.length;
      }
      this.#tell();
    }
    await this.#call.writeFramed(dataPacket(id, NOTHING));
    this.#progress.files++;
    this.#tell();
  }

  async #receive(): Promise<void> {
    for await (const message of this.#call.messages) {
      const { type, id, data } = decode(PACKET, message);
      if (type === TYPE.request) {
        const path = this.#files.get(id);
        if (path === undefined)
          throw new ProtocolError(`the daemon asks for the file number ${id}, which there is not`);
        this.#wanted.push({ id, path });
        this.#wake();
      } else if (type === TYPE.error) {
        throw new GrpcError(CODE.unknown, `the daemon cannot take the files: ${data.toString()}`);
      } else if (type === TYPE.end) {
        this.#finished = true;
        this.#wake();
        await this.#call.write(FIN);
        // It reads on to the end of the call, and sends nothing more.
        return;
      }
    }
    if (!this.#finished) throw new ProtocolError("the daemon stopped in the midst of the files");
  }
}

const NOTHING = new Uint8Array();
const FIN = Buffer.from([0x08, TYPE.end]);

/** Packets of STATs with their frames around them, written by hand: the general encoder takes four times as long. */
class StatBatch {
  readonly #out = new Writer(BATCH_BYTES + 8192);
  readonly #stat = new Writer(4096);

  get length(): number {
    return this.#out.length;
  }

  add({ path, kind, mode, size, mtime, link }: SyncEntry): void {
    const stat = this.#stat;
    stat.clear();
    stat.tag(1, 2);
    stat.string(path, "latin1");
    stat.tag(2, 0);
    stat.number(goMode(kind, mode));
    if (kind === "file" && size > 0) {
      stat.tag(5, 0);
      stat.number(size);
    }
    if (mtime !== 0n) {
      stat.tag(6, 0);
      stat.big(mtime);
    }
    if (link !== undefined) {
      stat.tag(7, 2);
      stat.string(link, "latin1");
    }
    const { written } = stat;
    this.#out.frameHead(1 + varintLength(written.length) + written.length);
    this.#out.tag(2, 2);
    this.#out.delimited(written);
  }

  /** A packet in which everything is the default ends the list. */
  addEnd(): void {
    this.#out.frameHead(0);
  }

  take(): Buffer {
    const taken = Buffer.from(this.#out.written);
    this.#out.clear();
    return taken;
  }
}

/** A framed DATA packet; one without data is the end of the file. The data is copied. */
function dataPacket(id: number, data: Uint8Array): Buffer {
  const packet = new Writer(data.length + 32);
  const length =
    2 + (id === 0 ? 0 : 1 + varintLength(id)) + (data.length === 0 ? 0 : 1 + varintLength(data.length) + data.length);
  packet.frameHead(length);
  packet.tag(1, 0);
  packet.number(TYPE.data);
  if (id !== 0) {
    packet.tag(3, 0);
    packet.number(id);
  }
  if (data.length > 0) {
    packet.tag(4, 2);
    packet.delimited(data);
  }
  return packet.written;
}
