/**
 * Sends files to the daemon. The daemon asks for a tree, then for the files that it lacks. The protocol is fsutil's
 * (github.com/tonistiigi/fsutil: send.go, receive.go, diff_containerd.go), as /moby.filesync.v1.FileSync/DiffCopy.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { CODE, GrpcError } from "../grpc.ts";
import type { Metadata } from "../grpc.ts";
import { PACKET } from "../messages.ts";
import { ProtocolError, Writer, decode, varintLength } from "../protobuf.ts";
import type { Methods, ServedCall } from "../served.ts";
import { LIST_END, StatPackets } from "./stat-packets.ts";
import type { SyncEntry } from "./stat-packets.ts";

/** The daemon's request for a tree. */
export interface SyncRequest {
  /** Name of the tree, for example `context` or `dockerfile`. */
  readonly name: string;
  /** Paths that the daemon will use, with Go's wildcards. If the list is empty, it uses the whole tree. */
  readonly followPaths: readonly string[];
}

export interface SyncTree {
  /**
   * Lists the tree, by the entry or in packets of them. A directory comes before its content; siblings are sorted by their bytes, with
   * `/` as the lowest byte. An `undefined` lets other work run before the next entry. An error that it throws ends the build.
   */
  entries(request: SyncRequest): Iterable<SyncEntry | StatPackets | undefined>;
  /** Reads a file. Each chunk is only valid until the next one is requested. An error that it throws ends the build. */
  read(path: string): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Totals of all requests so far. */
export interface SyncProgress {
  /** Number of entries listed. */
  entries: number;
  /** Number of files sent, and their bytes. */
  files: number;
  bytes: number;
}

const TYPE = { stat: 0, request: 1, data: 2, end: 3, error: 4 } as const;

/** Most data of a file in one message. The daemon's limit for a message is 16 MiB; BuildKit's own client sends 32 KiB. */
const CHUNK_BYTES = 256 << 10;

/**
 * The methods of the FileSync service.
 * @param trees by the names that the daemon uses
 * @param onProgress gets the same object each time, with the current totals
 */
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

/** Reads a key's values. If one of them is not ASCII, the daemon escapes all of them (buildkit session/filesync: encodeOpts). */
function values(metadata: Metadata, key: string): string[] {
  const found = metadata.all(key);
  return metadata.first(`${key}-encoded`) === "1" ? found.map(queryUnescape) : found;
}

function queryUnescape(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}

/** Answers one request for a tree. */
class Sender {
  readonly #call: ServedCall;
  readonly #tree: SyncTree;
  readonly #request: SyncRequest;
  readonly #progress: SyncProgress;
  readonly #report: () => void;
  /** Paths of the files by entry number. Numbers count all entries, so a number that is missing here is not a file. */
  readonly #files = new Map<number, string>();
  #listed = 0;
  /** Files to send, in the order in which the daemon asked for them. */
  #asked: { readonly id: number; readonly path: string }[] = [];
  #wake: () => void = () => {};
  #finished = false;

  constructor(call: ServedCall, tree: SyncTree, request: SyncRequest, progress: SyncProgress, report: () => void) {
    this.#call = call;
    this.#tree = tree;
    this.#request = request;
    this.#progress = progress;
    this.#report = report;
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
    let batch = new StatPackets();
    for (const part of this.#tree.entries(this.#request)) {
      if (part === undefined) {
        await nextTurn();
        this.#call.signal.throwIfAborted();
        continue;
      }
      if (!(part instanceof StatPackets)) batch.add(part);
      else if (batch.count > 0 || !part.isFull) batch.addAll(part);
      else await this.#send(part);
      if (!batch.isFull) continue;
      await this.#send(batch);
      batch = new StatPackets();
    }
    await this.#send(batch);
    await this.#call.writeFramed(LIST_END);
    this.#progress.entries += this.#listed;
    this.#report();
  }

  async #send(packets: StatPackets): Promise<void> {
    if (packets.count === 0) return;
    for (const [at, path] of packets.files()) this.#files.set(this.#listed + at, path);
    this.#listed += packets.count;
    await this.#call.writeFramed(packets.bytes);
    // Lets the session answer health checks between batches.
    await nextTurn();
  }

  /** Sends one file after the other. The next file is opened while data of the last one is still in the send buffer. */
  async #sendFiles(): Promise<void> {
    while (!this.#finished || this.#asked.length > 0) {
      if (this.#asked.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      // All at once: to take one from the front of a long list moves the rest of it, and a daemon may ask for 100 000 files.
      const asked = this.#asked;
      this.#asked = [];
      for (const { id, path } of asked) await this.#sendFile(id, path);
    }
  }

  async #sendFile(id: number, path: string): Promise<void> {
    for await (const piece of this.#tree.read(path)) {
      for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
        const data = piece.subarray(at, at + CHUNK_BYTES);
        await this.#call.writeFramed(dataPacket(id, data));
        this.#progress.bytes += data.length;
      }
      this.#report();
    }
    await this.#call.writeFramed(dataPacket(id, NOTHING));
    this.#progress.files++;
    this.#report();
  }

  async #receive(): Promise<void> {
    for await (const message of this.#call.messages) {
      const { type, id, data } = decode(PACKET, message);
      if (type === TYPE.request) {
        const path = this.#files.get(id);
        if (path === undefined) throw new ProtocolError(`the daemon asked for file number ${id}, which does not exist`);
        this.#asked.push({ id, path });
        this.#wake();
      } else if (type === TYPE.error) {
        throw new GrpcError(CODE.unknown, `the daemon cannot take the files: ${data.toString()}`);
      } else if (type === TYPE.end) {
        this.#finished = true;
        this.#wake();
        await this.#call.write(FIN);
        // The daemon sends nothing more. It only reads until the call ends.
        return;
      }
    }
    if (!this.#finished) throw new ProtocolError("the daemon ended the transfer before all files were sent");
  }
}

const NOTHING = new Uint8Array();
const FIN = Buffer.from([0x08, TYPE.end]);

/** Returns a framed DATA packet with a copy of the data. A packet without data ends the file. */
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
