/**
 * Reads the keys of `--ssh`. A key is sent in the same way as a secret. An agent cannot be forwarded to the pod: that would need a
 * program in the pod that listens on a socket and multiplexes connections over one exec stream, and no builder's image has one.
 */
import { stat } from "node:fs/promises";
import { whyNot } from "../../lib/files/read-file.ts";
import { readNamedFile } from "../../lib/files/regular-file.ts";
import { InvalidInput } from "../../errors.ts";
import type { SshKeys } from "./options.ts";
import { between } from "../../lib/text/linear.ts";

/** Name of a key among the values of the build's Secret. @param at index of the key among those of this id */
export function sshKeyName(id: string, at: number): string {
  return `ssh/${id}/${at}`;
}

/** Private keys by `sshKeyName`. @throws InvalidInput for an agent, for a file that is not a private key, and for a passphrase */
export async function readSshKeys(ssh: readonly SshKeys[]): Promise<Map<string, Uint8Array>> {
  const keys = new Map<string, Uint8Array>();
  for (const { id, paths } of ssh) {
    if (paths.length === 0) throw noAgent(id, "the agent of SSH_AUTH_SOCK");
    for (const [at, path] of paths.entries()) keys.set(sshKeyName(id, at), await readKey(id, path));
  }
  return keys;
}

async function readKey(id: string, path: string): Promise<Uint8Array> {
  const flag = `--ssh ${id}=${path}`;
  let data: Buffer;
  try {
    if ((await stat(path)).isSocket()) throw noAgent(id, path);
    data = await readNamedFile(path);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    throw new InvalidInput(`${flag}: ${code === "ENOENT" ? "the file does not exist" : `the file ${whyNot(error)}`}`, {
      docker: "refuses",
      suggestions: ["Name a file with a private key."],
      cause: error,
    });
  }
  const text = data.toString("latin1");
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new InvalidInput(`${flag}: the file has no private key`, {
      docker: "refuses",
      suggestions: ["Name the private key, in PEM or OpenSSH format. The public key is the file that ends with .pub."],
    });
  }
  if (isEncrypted(text)) {
    throw new InvalidInput(`${flag}: the key has a passphrase, and nobody can enter it in the pod`, {
      suggestions: ["Use a key without a passphrase, made for builds: ssh-keygen -t ed25519 -N '' -f deploy-key"],
    });
  }
  return data;
}

/** OpenSSH's format has the cipher after its magic (PROTOCOL.key of openssh-portable); PEM has the word ENCRYPTED. */
function isEncrypted(text: string): boolean {
  if (/ENCRYPTED/.test(text)) return true;
  const base64 = between(text, "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END");
  if (base64 === undefined) return false;
  const body = Buffer.from(base64, "base64").toString("latin1");
  return body.startsWith("openssh-key-v1\0") && body.slice(19, 23) !== "none";
}

function noAgent(id: string, what: string): InvalidInput {
  return new InvalidInput(`--ssh ${id}: ${what} is on this machine, and the builder's pod cannot connect to it`, {
    suggestions: [`Give the key itself: --ssh ${id}=$HOME/.ssh/id_ed25519. It is sent as a Secret of this build.`],
  });
}
