import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { sshOf } from "../../../../src/plan/docker/sources.ts";
import { readSshKeys } from "../../../../src/plan/docker/ssh-keys.ts";
import { InvalidInput } from "../../../../src/errors.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-ssh-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
});

function makeKey(name: string, passphrase: string, ...more: string[]): string {
  const path = join(root, name);
  execFileSync("ssh-keygen", ["-q", "-N", passphrase, "-f", path, ...more]);
  return path;
}

const read = (...values: string[]): Promise<Map<string, Uint8Array>> => readSshKeys(sshOf(values));

it("reads every key of every id", async () => {
  const [a, b] = [makeKey("a", "", "-t", "ed25519"), makeKey("b", "", "-t", "ecdsa", "-m", "PEM")];
  const keys = await read(`default=${a},${b}`, `deploy=${a}`);
  expect([...keys.keys()]).toEqual(["ssh/default/0", "ssh/default/1", "ssh/deploy/0"]);
  expect(Buffer.from(keys.get("ssh/default/1") ?? []).toString()).toContain("PRIVATE KEY");
});

it.each([
  ["ed25519", []],
  ["ecdsa", ["-m", "PEM"]],
  ["ecdsa", ["-m", "PKCS8"]],
])("refuses a key with a passphrase: %s %j", async (type, more) => {
  const path = makeKey("locked", "a passphrase", "-t", type, ...more);
  await expect(read(`default=${path}`)).rejects.toThrow(/the key has a passphrase/);
});

it("refuses a file that is not a private key, with a remedy", async () => {
  const key = makeKey("a", "", "-t", "ed25519");
  await expect(read(`default=${key}.pub`)).rejects.toThrow("the file has no private key");
  await expect(read(`default=${root}/missing`)).rejects.toThrow("the file does not exist");
  await writeFile(join(root, "x"), "");
  await expect(read(`default=${root}/x`)).rejects.toBeInstanceOf(InvalidInput);
});

it("refuses an agent, with and without a socket path", async () => {
  await expect(read("default")).rejects.toThrow("the agent of SSH_AUTH_SOCK is on this machine");
  const socket = join(root, "agent");
  const server = createServer().listen(socket);
  onTestFinished(() => void server.close());
  await expect(read(`default=${socket}`)).rejects.toThrow(`${socket} is on this machine`);
});

it("refuses an id that is not a valid file name", () => {
  expect(() => sshOf(["../x=key"])).toThrow("the id is missing, or has characters other than letters");
});
