/**
 * The parts of gRPC that client and server share: frames, statuses, metadata.
 * Source: https://github.com/grpc/grpc/blob/v1.75.0/doc/PROTOCOL-HTTP2.md
 */
import type { IncomingHttpHeaders } from "node:http2";
import { STATUS } from "./messages.ts";
import { ProtocolError, decode } from "./protobuf.ts";

/** Status codes: https://github.com/grpc/grpc/blob/v1.75.0/doc/statuscodes.md */
export const CODE = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/** One detail of an error, from the header `grpc-status-details-bin`. */
export interface StatusDetail {
  /** For example `github.com/moby/buildkit/errdefs.Source+json`. The value of a type with `+json` is JSON. */
  readonly typeUrl: string;
  readonly value: Buffer;
}

/** A call that ended with a status other than 0. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: number;
  readonly details: readonly StatusDetail[];

  constructor(code: number, message: string, details: readonly StatusDetail[] = []) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** A call failed, and its status is longer than the headers that we accept: the server has reset the call. */
export class UnreadStatus extends GrpcError {
  constructor() {
    super(CODE.internal, "the server's answer is too long to be read");
  }
}

/** The connection ended before the call had a status. The call may have succeeded on the server. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** Longest message that we accept. BuildKit's own limit is 16 MiB (util/grpcutil, defaults.DefaultMaxRecvMsgSize). */
const MAX_MESSAGE_BYTES = 64 << 20;
/** One byte for the compression flag and four for the length. */
const PREFIX_BYTES = 5;

/** Returns an uncompressed message with its gRPC prefix. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** Splits a stream of bytes into messages. Chunks may end at any byte. */
export class Deframer {
  #chunks: Buffer[] = [];
  #length = 0;

  /** Number of bytes of an incomplete message. */
  get pending(): number {
    return this.#length;
  }

  /** Adds a chunk and yields each message that is now complete. @throws ProtocolError if a message is compressed or too long */
  *add(chunk: Buffer): Generator<Buffer, void, undefined> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= PREFIX_BYTES) {
      const head = this.#joinedTo(PREFIX_BYTES);
      const length = head.readUInt32BE(1);
      if (head[0] !== 0) throw new ProtocolError("a gRPC message is compressed");
      if (length > MAX_MESSAGE_BYTES) throw new ProtocolError(`a gRPC message has ${length} bytes`);
      const whole = PREFIX_BYTES + length;
      if (this.#length < whole) return;
      const first = this.#joinedTo(whole);
      this.#chunks[0] = first.subarray(whole);
      if (first.length === whole) this.#chunks.shift();
      this.#length -= whole;
      yield first.subarray(PREFIX_BYTES, whole);
    }
  }

  /** Joins chunks until the first one has at least `length` bytes, and returns it. */
  #joinedTo(length: number): Buffer {
    let [first = Buffer.alloc(0)] = this.#chunks;
    if (first.length < length) {
      let count = 0;
      for (let have = 0; have < length; count++) have += this.#chunks[count]?.length ?? length;
      first = Buffer.concat(this.#chunks.splice(0, count));
      this.#chunks.unshift(first);
    }
    return first;
  }
}

/** Returns the error in the headers of an answer; undefined if they have no status, or status 0. */
export function errorIn(headers: IncomingHttpHeaders): GrpcError | undefined {
  const status = headers["grpc-status"];
  if (status === undefined || Number(status) === CODE.ok) return undefined;
  const details = detailsIn(headers["grpc-status-details-bin"]);
  return new GrpcError(Number(status), percentDecode(String(headers["grpc-message"] ?? "")), details);
}

function detailsIn(header: string | string[] | undefined): StatusDetail[] {
  if (typeof header !== "string") return [];
  try {
    const { details } = decode(STATUS, Buffer.from(header, "base64"));
    return details.map(({ typeUrl, value }) => ({ typeUrl, value }));
  } catch {
    // The error's message is enough without its details.
    return [];
  }
}

/** Decodes `grpc-message`, which is percent-encoded UTF-8. Invalid escapes are kept unchanged. */
function percentDecode(text: string): string {
  const raw = text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(raw, "latin1").toString("utf8");
}

/** Encodes a text for `grpc-message`. */
export function percentEncode(text: string): string {
  return Buffer.from(text, "utf8")
    .toString("latin1")
    .replaceAll(
      /[^\x20-\x24\x26-\x7e]/g,
      (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`,
    );
}

/** Metadata of a call. It keeps repeated headers apart; Node joins them with commas, which a value may contain too. */
export class Metadata {
  readonly #raw: readonly string[];

  /** @param raw alternating names and values, like Node's `rawHeaders` */
  constructor(raw: readonly string[]) {
    this.#raw = raw;
  }

  /** Returns all values of a header, in order. @param name in lower case */
  all(name: string): string[] {
    const values: string[] = [];
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      if (this.#raw[at]?.toLowerCase() === name) values.push(this.#raw[at + 1] ?? "");
    }
    return values;
  }

  /** Returns the first value of a header. @param name in lower case */
  first(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** Returns the headers whose names start with the prefix, without the prefix, each with its first value. */
  withPrefix(prefix: string): Map<string, string> {
    const found = new Map<string, string>();
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      const name = this.#raw[at]?.toLowerCase() ?? "";
      if (name.startsWith(prefix) && !found.has(name)) found.set(name.slice(prefix.length), this.#raw[at + 1] ?? "");
    }
    return found;
  }
}
