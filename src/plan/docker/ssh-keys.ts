/**
 * Reads the keys of `--ssh`. A key travels as a secret does. An agent cannot be brought to the pod: that takes a program there that
 * listens on a socket and carries several conversations over one exec connection, which no builder's image has.
 */
import { readFile, stat } from "node:fs/promises";
import { InvalidInput } from "../../errors.ts";
import type { SshKeys } from "./options.ts";

/** What a key is called among the values of the build's Secret. @param at which of the keys of this id */
export function sshKeyName(id: string, at: number): string {
  return `ssh/${id}/${at}`;
}

/** Private keys by `sshKeyName`. @throws InvalidInput for an agent, and for what is no key that can be used without asking */
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
    data = await readFile(path);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    throw new InvalidInput(`${flag}: ${code === "ENOENT" ? "the file is not there" : `cannot be read: ${code}`}`, {
      docker: "refuses",
      suggestions: ["Name a file with a private key."],
      cause: error,
    });
  }
  const text = data.toString("latin1");
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new InvalidInput(`${flag}: there is no private key in it`, {
      docker: "refuses",
      suggestions: ["Name the private key, in PEM or OpenSSH's format; the public one ends with .pub."],
    });
  }
  if (isEncrypted(text)) {
    throw new InvalidInput(`${flag}: the key has a passphrase, which nobody could be asked for in the pod`, {
      suggestions: ["Use a key without one, made for builds: ssh-keygen -t ed25519 -N '' -f deploy-key"],
    });
  }
  return data;
}

/** OpenSSH's format names the cipher after its magic (PROTOCOL.key of openssh-portable); PEM says it in words. */
function isEncrypted(text: string): boolean {
  if (/ENCRYPTED/.test(text)) return true;
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  if (base64 === undefined) return false;
  const body = Buffer.from(base64, "base64").toString("latin1");
  return body.startsWith("openssh-key-v1\0") && body.slice(19, 23) !== "none";
}

function noAgent(id: string, what: string): InvalidInput {
  return new InvalidInput(`--ssh ${id}: ${what} is on this machine, and the builder is in a pod that cannot reach it`, {
    suggestions: [`Give the key itself: --ssh ${id}=$HOME/.ssh/id_ed25519. It travels as a Secret of this build.`],
  });
}
