/** Agents as a build talks to them, held against OpenSSH's own programs. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentAddress, isPipe, memoryAgent, socketAgent } from "../../../../src/lib/buildkit/services/agent.ts";
import type { DialAgent } from "../../../../src/lib/buildkit/services/ssh.ts";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "slipway-agent-"));
  for (const [name, ...args] of [
    ["ed25519", "-t", "ed25519"],
    ["rsa", "-t", "rsa", "-b", "2048"],
    ["rsa-pem", "-t", "rsa", "-b", "2048", "-m", "PEM"],
    ["ecdsa256", "-t", "ecdsa", "-b", "256"],
    ["ecdsa384", "-t", "ecdsa", "-b", "384"],
    ["ecdsa521", "-t", "ecdsa", "-b", "521", "-m", "PKCS8"],
  ] as const) {
    execFileSync("ssh-keygen", ["-q", "-N", "", "-C", "", "-f", join(directory, name), ...args]);
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The agent on a socket of the file system, for OpenSSH's programs. */
async function listening(dial: DialAgent, name: string): Promise<{ path: string; stop: () => void }> {
  const path = join(directory, name);
  const server = createServer((connection) => {
    void (async () => {
      const agent = await dial();
      connection.pipe(agent).pipe(connection);
      connection.on("error", () => agent.destroy());
    })();
  });
  server.listen(path);
  await once(server, "listening");
  return { path, stop: () => server.close() };
}

async function run(program: string, args: readonly string[], agent: string): Promise<{ code: number; stdout: string }> {
  const child = spawn(program, args, {
    env: { ...process.env, SSH_AUTH_SOCK: agent },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.resume();
  const [code] = (await once(child, "close")) as [number];
  return { code, stdout };
}

const NAMES = ["ed25519", "rsa", "rsa-pem", "ecdsa256", "ecdsa384", "ecdsa521"];

describe("keys of files", () => {
  it("an agent of key files lists the public keys that the .pub files have", async () => {
    const { path, stop } = await listening(memoryAgent(NAMES.map((name) => readFileSync(join(directory, name)))), "m1");
    const { stdout } = await run("ssh-add", ["-L"], path);
    stop();
    const blobs = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[1]);
    expect(blobs).toEqual(NAMES.map((name) => readFileSync(join(directory, `${name}.pub`), "utf8").split(" ")[1]));
  });

  it.each(NAMES)("sign what OpenSSH then takes for good: %s", async (name) => {
    const { path, stop } = await listening(memoryAgent([readFileSync(join(directory, name))]), `s-${name}`);
    // ssh-add signs something with the agent and verifies it with the public half.
    const { code } = await run("ssh-add", ["-T", join(directory, `${name}.pub`)], path);
    stop();
    expect(code).toBe(0);
  });

  it("a key with a passphrase is refused, and a file that is not a key", () => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret", "-f", join(directory, "locked")]);
    expect(() => memoryAgent([readFileSync(join(directory, "locked"))])).toThrow("passphrase");
    expect(() => memoryAgent([Buffer.from("nonsense")])).toThrow(/unsupported|no start line|DECODER/i);
  });
});

describe("the user's own agent", () => {
  it("a build may list the keys of the user's agent and sign with them, and nothing else", async () => {
    const own = spawn("ssh-agent", ["-D", "-a", join(directory, "own")], { stdio: ["ignore", "pipe", "ignore"] });
    await once(own.stdout, "data");
    execFileSync("ssh-add", ["-q", join(directory, "ed25519")], {
      env: { ...process.env, SSH_AUTH_SOCK: join(directory, "own") },
    });
    const { path, stop } = await listening(socketAgent(join(directory, "own")), "forwarded");
    expect((await run("ssh-add", ["-L"], path)).stdout).toContain("ssh-ed25519");
    expect((await run("ssh-add", ["-T", join(directory, "ed25519.pub")], path)).code).toBe(0);
    expect((await run("ssh-add", ["-D"], path)).code).not.toBe(0);
    expect((await run("ssh-add", [join(directory, "rsa")], path)).code).not.toBe(0);
    expect((await run("ssh-add", ["-L"], path)).stdout.trim().split("\n")).toHaveLength(1);
    stop();
    own.kill();
  });

  it("an agent whose socket is missing cannot be dialled", async () => {
    writeFileSync(join(directory, "nothing"), "");
    await expect(socketAgent(join(directory, "nothing"))()).rejects.toThrow("ECONNREFUSED");
  });
});

it.each([
  ["linux", {}, ""],
  ["linux", { SSH_AUTH_SOCK: "/run/agent" }, "/run/agent"],
  ["win32", {}, "\\\\.\\pipe\\openssh-ssh-agent"],
  ["win32", { SSH_AUTH_SOCK: "//./pipe/other" }, "//./pipe/other"],
])("on %s with %j the agent is at %j", (platform, env, address) => {
  expect(agentAddress(env, platform)).toBe(address);
  expect(isPipe(address)).toBe(platform === "win32");
});
