import { createServer } from "node:http";
import type { Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planPull } from "../../../../../src/app/build/load/engine-pull.ts";
import { EngineClient } from "../../../../../src/lib/engine/engine-client.ts";
import type { EngineAddress } from "../../../../../src/lib/engine/find-engine.ts";
import { parseReference } from "../../../../../src/lib/image/reference.ts";
import type { BuildPlan } from "../../../../../src/plan/plan.ts";

const LOGIN = { username: "jane", password: "hush" };
const SOCKET: EngineAddress = { kind: "socket", path: "/s" };
const FROM = parseReference("r.example/a:1");
const plan = (changes: Partial<BuildPlan> = {}): BuildPlan => ({ tags: [FROM], ...changes }) as BuildPlan;

let directory = "";
let server: Server;
let asked = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-engine-"));
  server = createServer((_, response) => {
    asked += 1;
    response.end("{}");
  });
  await new Promise<void>((resolve) => {
    server.listen(join(directory, "s"), resolve);
  });
});
afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

/** @param address where the engine is; the test's server answers in any case */
function engineAt(address: EngineAddress, isPodman = false) {
  const client = new EngineClient({ kind: "socket", path: join(directory, "s") }, AbortSignal.timeout(30_000));
  const info = { name: "Docker", isPodman, usesContainerd: false };
  return { client, info, found: { address, text: "", source: "" } };
}

describe("the engine pulls", () => {
  it("an image that is pushed, with the user's login", async () => {
    expect(await planPull(plan(), engineAt(SOCKET), async () => LOGIN)).toEqual({
      from: FROM,
      login: { ...LOGIN, serveraddress: "r.example" },
    });
  });

  it.each([
    ["Docker Hub's login is under its own key", "docker.io/library/a:1", "https://index.docker.io/v1/"],
    ["another registry's under its host", "r.example:5000/a:1", "r.example:5000"],
  ])("with the address of the login's registry: %s", async (_, name, serveraddress) => {
    const found = await planPull(plan({ tags: [parseReference(name)] }), engineAt(SOCKET), async () => LOGIN);
    expect(found?.login?.serveraddress).toBe(serveraddress);
  });

  it("a public image without a login", async () => {
    expect(await planPull(plan(), engineAt(SOCKET), async () => undefined)).toEqual({ from: FROM });
  });

  it.each([
    ["an image that is not pushed", plan({ noPush: true }), engineAt(SOCKET)],
    ["an image without a name", plan({ tags: [] }), engineAt(SOCKET)],
    ["into Podman, which cannot be asked", plan(), engineAt(SOCKET, true)],
  ])("not %s, and is not asked", async (_, built, engine) => {
    asked = 0;
    expect(await planPull(built, engine, async () => LOGIN)).toBeUndefined();
    expect(asked).toBe(0);
  });

  it.each<[title: string, address: EngineAddress, shown: boolean]>([
    ["over a network without TLS", { kind: "tcp", host: "10.1.2.3", port: 2375 }, false],
    ["over a network with TLS", { kind: "tcp", host: "10.1.2.3", port: 2376, tls: { verify: true } }, true],
    ["on this machine by its address", { kind: "tcp", host: "127.0.0.1", port: 2375 }, true],
    ["on this machine by its name", { kind: "tcp", host: "localhost", port: 2375 }, true],
    ["over ssh", { kind: "ssh", host: "h.example" }, true],
  ])("%s: whether a login is sent there", async (_, address, shown) => {
    asked = 0;
    expect((await planPull(plan(), engineAt(address), async () => LOGIN)) !== undefined).toBe(shown);
    expect(asked).toBe(shown ? 1 : 0);
  });
});
