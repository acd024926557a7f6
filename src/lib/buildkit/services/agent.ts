/**
 * SSH agents for a build: a filter in front of the user's own agent, which lets a build only list keys and sign, and an agent in
 * memory for keys from files. Protocol: https://datatracker.ietf.org/doc/html/draft-ietf-sshm-ssh-agent
 */
import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { connect } from "node:net";
import { Transform, duplexPair } from "node:stream";
import { once } from "node:events";
import { between } from "../../text/linear.ts";
import type { DialAgent } from "./ssh.ts";

const MESSAGE = { failure: 5, requestIdentities: 11, identities: 12, signRequest: 13, signResponse: 14 } as const;

/** Flags of a sign request that choose the hash for an RSA key. */
const RSA_SHA2_256 = 2;
const RSA_SHA2_512 = 4;

/** OpenSSH has the same limit (authfd.c, MAX_AGENT_REPLY_LEN). */
const MAX_MESSAGE_BYTES = 256 * 1024;

/** The pipe of the agent that comes with Windows, which sets no variable (OpenSSH for Windows; moby/buildkit uses it too). */
const WINDOWS_AGENT = "\\\\.\\pipe\\openssh-ssh-agent";

/** Address of the user's agent: SSH_AUTH_SOCK; on Windows, the system's own if it is not set. Empty if there is none. */
export function agentAddress(
  env: Readonly<Record<string, string | undefined>>,
  platform: string = process.platform,
): string {
  return env["SSH_AUTH_SOCK"] || (platform === "win32" ? WINDOWS_AGENT : "");
}

/** Whether a path is the name of a named pipe of Windows, which cannot be examined without opening it. */
export function isPipe(path: string): boolean {
  return /^[\\/]{2}\.[\\/]pipe[\\/]/.test(path);
}

/**
 * An agent behind a Unix socket or a named pipe. A build may list its keys and sign. Other requests, for example to add or remove keys or to lock
 * the agent, are answered with a failure. The dial function throws an Error if nothing listens on the socket.
 * @param path of the socket, as in SSH_AUTH_SOCK
 */
export function socketAgent(path: string): DialAgent {
  return async () => {
    const socket = connect(path);
    await once(socket, "connect");
    const [near, far] = duplexPair();
    const filter = new Transform({
      transform: splitMessages(
        (message, respond) => {
          if (message[0] === MESSAGE.requestIdentities || message[0] === MESSAGE.signRequest)
            filter.push(framed(message));
          else respond(Buffer.from([MESSAGE.failure]));
        },
        (answer) => void far.write(framed(answer)),
      ),
    });
    far.pipe(filter).pipe(socket).pipe(far);
    for (const [one, other] of [
      [socket, far],
      [far, socket],
    ] as const) {
      one.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
    near.on("close", () => far.destroy());
    return near;
  };
}

/**
 * An agent in memory that holds the given keys.
 * @param keys private keys in PEM or OpenSSH's format, not encrypted
 * @throws Error if a key cannot be parsed, has a passphrase, or has a type that SSH does not use
 */
export function memoryAgent(keys: readonly Uint8Array[]): DialAgent {
  const held = keys.map(heldKey);
  return async () => {
    const [near, far] = duplexPair();
    const serve = new Transform({
      transform: splitMessages(
        (message, respond) => respond(answerFor(held, message)),
        (answer) => void far.write(framed(answer)),
      ),
    });
    far
      .pipe(serve)
      .resume()
      .on("end", () => far.end());
    near.on("close", () => far.destroy());
    return near;
  };
}

type Handle = (message: Buffer, respond: (answer: Buffer) => void) => void;

/** Makes the `transform` function of a stream that calls `handle` with each whole message. */
function splitMessages(handle: Handle, respond: (answer: Buffer) => void) {
  let pending: Buffer = Buffer.alloc(0);
  return (chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void => {
    pending = Buffer.concat([pending, chunk]);
    try {
      while (pending.length >= 4) {
        const length = pending.readUInt32BE(0);
        if (length === 0 || length > MAX_MESSAGE_BYTES) throw new Error(`an agent's message has ${length} bytes`);
        if (pending.length < 4 + length) break;
        const message = pending.subarray(4, 4 + length);
        pending = pending.subarray(4 + length);
        handle(message, respond);
      }
      callback();
    } catch (error) {
      callback(error as Error);
    }
  };
}

interface HeldKey {
  readonly key: KeyObject;
  readonly type: string;
  /** The public key in SSH's wire format, which .pub files have in base64. */
  readonly blob: Buffer;
}

function answerFor(held: readonly HeldKey[], message: Buffer): Buffer {
  const failure = Buffer.from([MESSAGE.failure]);
  if (message[0] === MESSAGE.requestIdentities) {
    const list = held.flatMap(({ blob }) => [string(blob), string(Buffer.alloc(0))]);
    return Buffer.concat([Buffer.from([MESSAGE.identities]), uint32(held.length), ...list]);
  }
  if (message[0] !== MESSAGE.signRequest) return failure;
  const fields = new Fields(message.subarray(1));
  const blob = fields.string();
  const data = fields.string();
  const flags = fields.uint32();
  const found = held.find((key) => key.blob.equals(blob));
  if (found === undefined) return failure;
  return Buffer.concat([Buffer.from([MESSAGE.signResponse]), string(signed(found, data, flags))]);
}

function signed({ key, type }: HeldKey, data: Buffer, flags: number): Buffer {
  if (type === "ssh-ed25519") return Buffer.concat([string(type), string(sign(null, data, key))]);
  if (type === "ssh-rsa") {
    const [name, hash] =
      (flags & RSA_SHA2_512) !== 0
        ? ["rsa-sha2-512", "sha512"]
        : (flags & RSA_SHA2_256) !== 0
          ? ["rsa-sha2-256", "sha256"]
          : ["ssh-rsa", "sha1"];
    return Buffer.concat([string(name), string(sign(hash, data, key))]);
  }
  const hash =
    { nistp256: "sha256", nistp384: "sha384", nistp521: "sha512" }[type.slice("ecdsa-sha2-".length)] ?? "sha256";
  const pair = sign(hash, data, { key, dsaEncoding: "ieee-p1363" });
  const half = pair.length / 2;
  return Buffer.concat([
    string(type),
    string(Buffer.concat([mpint(pair.subarray(0, half)), mpint(pair.subarray(half))])),
  ]);
}

const CURVES: Readonly<Record<string, string>> = { "P-256": "nistp256", "P-384": "nistp384", "P-521": "nistp521" };

function heldKey(text: Uint8Array): HeldKey {
  const key = readPrivateKey(Buffer.from(text).toString("latin1"));
  const { kty, crv = "", x, y, n, e } = createPublicKey(key).export({ format: "jwk" });
  if (kty === "OKP" && crv === "Ed25519") {
    return { key, type: "ssh-ed25519", blob: Buffer.concat([string("ssh-ed25519"), string(decode(x))]) };
  }
  if (kty === "RSA") {
    return { key, type: "ssh-rsa", blob: Buffer.concat([string("ssh-rsa"), mpint(decode(e)), mpint(decode(n))]) };
  }
  const curve = CURVES[crv];
  if (kty !== "EC" || curve === undefined) throw new Error(`keys of type ${kty} ${crv} are not for SSH`);
  const type = `ecdsa-sha2-${curve}`;
  const point = Buffer.concat([Buffer.from([4]), decode(x), decode(y)]);
  return { key, type, blob: Buffer.concat([string(type), string(curve), string(point)]) };
}

function readPrivateKey(text: string): KeyObject {
  const base64 = between(text, "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END");
  return base64 === undefined ? createPrivateKey(text) : readOpenSsh(Buffer.from(base64, "base64"));
}

const MAGIC = Buffer.from("openssh-key-v1\0");

/** Reads OpenSSH's key format: the file PROTOCOL.key of openssh-portable. */
function readOpenSsh(data: Buffer): KeyObject {
  if (!data.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error("it is not a key of OpenSSH's");
  const outer = new Fields(data.subarray(MAGIC.length));
  if (outer.string().toString() !== "none") throw new Error("the key has a passphrase");
  outer.string();
  outer.string();
  outer.uint32();
  outer.string();
  const inner = new Fields(outer.string());
  inner.uint32();
  inner.uint32();
  return createPrivateKey({ key: jwkOf(inner), format: "jwk" });
}

function jwkOf(fields: Fields): JsonWebKey {
  const type = fields.string().toString();
  const encode = (bytes: Buffer): string => bytes.toString("base64url");
  if (type === "ssh-ed25519") {
    const x = fields.string();
    return { kty: "OKP", crv: "Ed25519", x: encode(x), d: encode(fields.string().subarray(0, 32)) };
  }
  if (type === "ssh-rsa") {
    const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => fields.mpint()) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    const modulo = (of: Buffer): Buffer =>
      bytesOf(BigInt(`0x${d.toString("hex")}`) % (BigInt(`0x${of.toString("hex")}`) - 1n));
    return {
      kty: "RSA",
      n: encode(n),
      e: encode(e),
      d: encode(d),
      p: encode(p),
      q: encode(q),
      qi: encode(qi),
      dp: encode(modulo(p)),
      dq: encode(modulo(q)),
    };
  }
  const [crv, curve] = Object.entries(CURVES).find(([, name]) => type === `ecdsa-sha2-${name}`) ?? [];
  if (crv === undefined || curve === undefined) throw new Error(`keys of type ${type} cannot be used`);
  fields.string();
  const point = fields.string();
  const size = (point.length - 1) / 2;
  const d = fields.mpint();
  const padded = Buffer.concat([Buffer.alloc(Math.max(0, size - d.length)), d]);
  return {
    kty: "EC",
    crv,
    x: encode(point.subarray(1, 1 + size)),
    y: encode(point.subarray(1 + size)),
    d: encode(padded),
  };
}

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

/** Reads the fields of SSH's wire format (RFC 4251, section 5). */
class Fields {
  #rest: Buffer;

  constructor(data: Buffer) {
    this.#rest = data;
  }

  uint32(): number {
    return this.#take(4).readUInt32BE(0);
  }

  string(): Buffer {
    return this.#take(this.uint32());
  }

  /** Reads a number, without the leading zero byte that marks it as positive. */
  mpint(): Buffer {
    const bytes = this.string();
    return bytes[0] === 0 ? bytes.subarray(1) : bytes;
  }

  #take(length: number): Buffer {
    if (length > this.#rest.length) throw new Error("the key or message is cut off");
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function string(value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** Encodes a positive number: without leading zeros, but with one zero byte if the first bit is set, which would mean negative. */
function mpint(bytes: Buffer): Buffer {
  let at = 0;
  while (at < bytes.length - 1 && bytes[at] === 0) at++;
  const rest = bytes.subarray(at);
  return string((rest[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), rest]) : rest);
}

function decode(field: string | undefined): Buffer {
  return Buffer.from(field ?? "", "base64url");
}

function framed(message: Buffer): Buffer {
  return string(message);
}
