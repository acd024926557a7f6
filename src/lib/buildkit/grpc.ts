/** What both sides of gRPC share: frames, statuses, metadata. https://github.com/grpc/grpc/blob/v1.75.0/doc/PROTOCOL-HTTP2.md */
import type { IncomingHttpHeaders } from "node:http2";
import { STATUS } from "./messages.ts";
import { ProtocolError, decode } from "./protobuf.ts";

/** https://github.com/grpc/grpc/blob/v1.75.0/doc/statuscodes.md */
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

export interface StatusDetail {
  /** `github.com/moby/buildkit/errdefs.Source+json`, for one: those with `+json` have JSON as their value. */
  readonly typeUrl: string;
  readonly value: Buffer;
}

/** A call that ended with another status than 0. */
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

/** The connection ended before the call had a status: nobody has said that it failed. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** BuildKit's own limit for one message is 16 MiB (util/grpcutil, defaults.DefaultMaxRecvMsgSize). */
const LONGEST_MESSAGE_BYTES = 64 << 20;
const PREFIX_BYTES = 5;

/** A message as it travels: not compressed, its length before it. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}

/** Finds the messages in chunks that are cut anywhere. */
export class Deframer {
  #chunks: Buffer[] = [];
  #length = 0;

  /** Bytes of a message whose end has not come. */
  get pending(): number {
    return this.#length;
  }

  /** @throws ProtocolError for a compressed message, which nobody has asked for, or one that is too long. */
  *add(chunk: Buffer): Generator<Buffer, void, undefined> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= PREFIX_BYTES) {
      const head = this.#joinedTo(PREFIX_BYTES);
      const length = head.readUInt32BE(1);
      if (head[0] !== 0) throw new ProtocolError("a gRPC message is compressed");
      if (length > LONGEST_MESSAGE_BYTES) throw new ProtocolError(`a gRPC message has ${length} bytes`);
      const whole = PREFIX_BYTES + length;
      if (this.#length < whole) return;
      const first = this.#joinedTo(whole);
      this.#chunks[0] = first.subarray(whole);
      if (first.length === whole) this.#chunks.shift();
      this.#length -= whole;
      yield first.subarray(PREFIX_BYTES, whole);
    }
  }

  /** The first chunk, joined with those behind it until it has so many bytes. */
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

/** Undefined for the status 0, or when there is no status in these headers. */
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
    // The message says what happened, too.
    return [];
  }
}

/** `grpc-message` is percent-encoded UTF-8; what is not well encoded stays as it is. */
function percentDecode(text: string): string {
  const raw = text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(raw, "latin1").toString("utf8");
}

export function percentEncode(text: string): string {
  return Buffer.from(text, "utf8")
    .toString("latin1")
    .replaceAll(
      /[^\x20-\x24\x26-\x7e]/g,
      (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`,
    );
}

/** A call's metadata: repeated names in order, which joined headers cannot tell from a comma in a value. */
export class Metadata {
  readonly #raw: readonly string[];

  /** @param raw names and values in turns, as `rawHeaders` has them */
  constructor(raw: readonly string[]) {
    this.#raw = raw;
  }

  all(name: string): string[] {
    const values: string[] = [];
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      if (this.#raw[at]?.toLowerCase() === name) values.push(this.#raw[at + 1] ?? "");
    }
    return values;
  }

  first(name: string): string | undefined {
    return this.all(name)[0];
  }

  /** Names that begin so, each with its first value. */
  withPrefix(prefix: string): Map<string, string> {
    const found = new Map<string, string>();
    for (let at = 0; at + 1 < this.#raw.length; at += 2) {
      const name = this.#raw[at]?.toLowerCase() ?? "";
      if (name.startsWith(prefix) && !found.has(name)) found.set(name.slice(prefix.length), this.#raw[at + 1] ?? "");
    }
    return found;
  }
}
