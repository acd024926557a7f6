/**
 * Which kept builders are this user's own.
 *
 * A kept builder is given files and passwords, so it has to be the very one that this user started. What the cluster shows of a Job
 * proves nothing: everybody who may create Jobs can write its name, its labels and its annotations, and everybody who may read them can copy them.
 * Two things cannot be copied. The uid of an object is given by the API server, once, and no client can choose it. And a signature
 * over it can be made by nobody who lacks the private key, which is in a file of this user's and leaves it never. So the client
 * signs the uid of each Job it has created, and writes the signature beside it; a Job with another's uid, or with none of our
 * signatures, is not asked, not listed as ours and not ended. A Job's pod is told by the uid of its controller, see own-pod.ts.
 * On another machine the same builder is found where the key is: copied there, or given in SLIPWAY_KEEP_KEY.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { constants } from "node:fs";
import { link, open, rm, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";

export class KeepKey {
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  /** Which key it is, as a label's value: 32 hex digits. Public. */
  readonly fingerprint: string;

  constructor(key: KeyObject) {
    this.#private = key;
    this.#public = createPublicKey(key);
    const raw = this.#public.export({ format: "der", type: "spki" });
    this.fingerprint = createHash("sha256").update(raw).digest("hex").slice(0, 32);
  }

  /** @param uid of a Job that this client has created */
  sign(uid: string): string {
    return sign(null, said(uid), this.#private).toString("base64");
  }

  /** Whether this key has signed the uid. */
  hasSigned(uid: string, signature: string): boolean {
    return verify(null, said(uid), this.#public, Buffer.from(signature, "base64"));
  }
}

function said(uid: string): Buffer {
  return Buffer.from(`slipway kept builder\n${uid}`);
}

type Environment = Readonly<Record<string, string | undefined>>;

export function keepKeyFile(env: Environment): string {
  return join(env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "slipway", "keep-key.pem");
}

/**
 * The user's key: SLIPWAY_KEEP_KEY, or the file, which is made when it is not there.
 * @throws InvalidInput for a key that is none, and for a file that others can read or may have put there
 */
export async function openKeepKey(env: Environment): Promise<KeepKey> {
  const given = env["SLIPWAY_KEEP_KEY"] ?? "";
  if (given.trim() !== "") return parse(given, "SLIPWAY_KEEP_KEY");
  const path = keepKeyFile(env);
  return (await read(path)) ?? (await make(path)) ?? (await read(path)) ?? parse("", path);
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

/** Undefined when another process was quicker. The file is there whole or not at all. */
async function make(path: string): Promise<KeepKey | undefined> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const partial = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    makeTrustedDirectory(dirname(path));
    await writeFile(partial, privateKey.export({ format: "pem", type: "pkcs8" }), { flag: "wx", mode: 0o600 });
    // Unlike a rename, this does not replace one that is there.
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
    if (key.asymmetricKeyType !== "ed25519") throw new Error(`it is of type ${key.asymmetricKeyType}`);
    return new KeepKey(key);
  } catch (error) {
    throw unusable(source, `it is not an Ed25519 private key in PEM: ${(error as Error).message}`, error);
  }
}

function unusable(source: string, reason: string, cause?: unknown): InvalidInput {
  return new InvalidInput(`the key ${source}, by which --keep knows your builders, cannot be used: ${reason}`, {
    suggestions: [
      "Make a new one: remove the file, and the next build makes one. Builders of the old key end by themselves.",
      'Or give one: export SLIPWAY_KEEP_KEY="$(openssl genpkey -algorithm ed25519)"',
    ],
    cause,
  });
}
