/** A real Vault for a test file: its core in a small program, in memory, gone with the tests (test/cluster/parts/vault). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { request } from "undici";
import { afterAll, beforeAll } from "vitest";

export interface TestVault {
  /** `http://127.0.0.1:PORT`. Empty until the file's tests begin. */
  address: string;
  /** The root token. */
  token: string;
}

/** Started before the file's tests and ended after them. */
export function useVault(): TestVault {
  const vault: TestVault = { address: "", token: "" };
  let end: () => Promise<void> = async () => {};
  beforeAll(async () => {
    // Compiled by test/cluster/up, which puts it on the PATH that test/cluster/env sets.
    const child = spawn("vault", [], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child, "spawn");
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    Object.assign(vault, JSON.parse(line));
    end = async () => {
      const closed = once(child, "close");
      // It ends when its standard input does.
      child.stdin.end();
      await closed;
    };
  });
  afterAll(() => end());
  return vault;
}

/** One call of its API as root. @throws Error when it is refused */
export async function ask(vault: TestVault, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await request(`${vault.address}/v1/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "x-vault-token": vault.token, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
  return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
}
