/**
 * The key that proves which kept builders belong to this user.
 *
 * A kept builder receives files and passwords, so it must be one that this user started. The name, labels and annotations of a Job
 * prove nothing: everyone who may create Jobs can write them, and everyone who may read Jobs can copy them. Two things cannot be
 * forged. The API server assigns the uid of an object once, and no client can choose it. And only the owner of the private key can
 * sign that uid; the key is in a file of this user and is never sent. So the client signs the uid of each Job that it creates, and
 * writes the signature into an annotation of the Job. It ignores a Job without a valid signature of its own uid: it does not
 * connect to it, list it or end it. The pod of a Job is recognized by the uid of its controller, see own-pod.ts.
 * To use the same builder on another machine, copy the key there or set SLIPWAY_KEEP_KEY.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { constants } from "node:fs";
import { link, open, rm, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InternalError, InvalidInput } from "../../errors.ts";
import { configDirectory } from "../../lib/files/cache-directory.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";

const KEY_VARIABLE = "SLIPWAY_KEEP_KEY";

/** A user's Ed25519 key. */
export class KeepKey {
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  /** Identifies the key in a label: 32 hex digits. Not secret. */
  readonly fingerprint: string;

  constructor(key: KeyObject) {
    this.#private = key;
    this.#public = createPublicKey(key);
    const raw = this.#public.export({ format: "der", type: "spki" });
    this.fingerprint = createHash("sha256").update(raw).digest("hex").slice(0, 32);
  }

  /** Returns the signature of a uid, in base64. @param uid of a Job that this client has created */
  sign(uid: string): string {
    return sign(null, signedText(uid), this.#private).toString("base64");
  }

  /** Tells whether this key has signed the uid. @param signature in base64 */
  hasSigned(uid: string, signature: string): boolean {
    return verify(null, signedText(uid), this.#public, Buffer.from(signature, "base64"));
  }

  /** Returns another Ed25519 key: the same one for the same purpose. It cannot sign anything in this key's place, nor be led back to it. */
  derive(purpose: string): KeyObject {
    const { d } = this.#private.export({ format: "jwk" });
    if (d === undefined) throw new InternalError("the key has no private part");
    const seed = Buffer.from(d, "base64url");
    const derived = Buffer.from(hkdfSync("sha256", seed, "", purpose, SEED_BYTES));
    return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, derived]), format: "der", type: "pkcs8" });
  }
}

/** RFC 8032, section 5.1.5: an Ed25519 private key is any 32 bytes. */
const SEED_BYTES = 32;
/** What stands before these bytes in PKCS #8: RFC 8410, section 7. */
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

function signedText(uid: string): Buffer {
  return Buffer.from(`slipway kept builder\n${uid}`);
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the path of the key's file: `keep-key.pem` in the directory of the user's configuration. */
export function keepKeyFile(env: Environment): string {
  return join(configDirectory(env), "keep-key.pem");
}

/**
 * Reads the user's key: from SLIPWAY_KEEP_KEY, or from the file.
 * @returns undefined if the user has none, and so can have no builders
 * @throws InvalidInput if the key is invalid, if others can read the file, if it belongs to another user, or if it cannot be read
 */
export async function readKeepKey(env: Environment): Promise<KeepKey | undefined> {
  const given = env[KEY_VARIABLE] ?? "";
  return given.trim() === "" ? read(keepKeyFile(env)) : parse(given, KEY_VARIABLE);
}

/**
 * The same; a user who has no key gets one, in the file.
 * @throws InvalidInput as `readKeepKey`, and if the file cannot be written
 */
export async function openKeepKey(env: Environment): Promise<KeepKey> {
  const path = keepKeyFile(env);
  return (await readKeepKey(env)) ?? (await make(path)) ?? (await read(path)) ?? parse("", path);
}

async function read(path: string): Promise<KeepKey | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unusable(path, `it cannot be read: ${(error as Error).message}`, error);
  }
  try {
    const { mode, uid } = await file.stat();
    if (process.platform !== "win32") {
      if (uid !== process.getuid?.()) throw unusable(path, "it belongs to another user");
      if ((mode & 0o077) !== 0)
        throw unusable(path, `its mode is ${(mode & 0o777).toString(8)}, and others can use it`);
    }
    return parse(await file.readFile("utf8"), path);
  } finally {
    await file.close();
  }
}

/** Makes a key and its file, which is never visible half-written. Returns undefined if another process has just made the file. */
async function make(path: string): Promise<KeepKey | undefined> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const partial = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    makeTrustedDirectory(dirname(path));
    await writeFile(partial, privateKey.export({ format: "pem", type: "pkcs8" }), { flag: "wx", mode: 0o600 });
    // Unlike a rename, this does not replace an existing file.
    await link(partial, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw unusable(path, `it cannot be written: ${(error as Error).message}`, error);
  } finally {
    await rm(partial, { force: true });
  }
  return new KeepKey(privateKey);
}

function parse(text: string, source: string): KeepKey {
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === "ed25519") return new KeepKey(key);
  } catch (error) {
    throw unusable(source, NOT_A_KEY, error);
  }
  throw unusable(source, NOT_A_KEY);
}

const NOT_A_KEY = "it is not an Ed25519 private key in PEM";

function unusable(source: string, reason: string, cause?: unknown): InvalidInput {
  return new InvalidInput(`the key ${source}, by which --keep knows your builders, cannot be used: ${reason}`, {
    suggestions: [
      source === KEY_VARIABLE
        ? `Use the key of this machine: unset ${KEY_VARIABLE}`
        : `Make a new one: rm ${source}, and the next build makes one. Builders of the old key end by themselves.`,
      'Or give one: export SLIPWAY_KEEP_KEY="$(openssl genpkey -algorithm ed25519)"',
    ],
    cause,
  });
}
