import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sshArguments } from "../../../../src/lib/engine/dial.ts";
import { findEngine, parseAddress } from "../../../../src/lib/engine/find-engine.ts";

describe("an engine's address", () => {
  it.each([
    ["unix:///run/d.sock", { kind: "socket", path: "/run/d.sock" }],
    ["npipe:////./pipe/docker_engine", { kind: "socket", path: "//./pipe/docker_engine" }],
    ["tcp://host", { kind: "tcp", host: "host", port: 2375 }],
    ["tcp://host:80", { kind: "tcp", host: "host", port: 80 }],
    ["tcp://[::1]:2380", { kind: "tcp", host: "::1", port: 2380 }],
    ["https://host", { kind: "tcp", host: "host", port: 2376, tls: { verify: true } }],
    ["ssh://jane@host:2222", { kind: "ssh", host: "host", user: "jane", port: "2222" }],
    ["ssh://host/run/d.sock", { kind: "ssh", host: "host", path: "/run/d.sock" }],
  ])("%s", (text, address) => {
    expect(parseAddress(text, "DOCKER_HOST")).toEqual(address);
  });

  it.each(["host:2375", "unix://", "fd://", "ssh://jane:secret@host", "ssh://-oProxyCommand=x/", "tcp://"])(
    "%s is refused",
    (text) => {
      expect(() => parseAddress(text, "DOCKER_HOST")).toThrow(/^DOCKER_HOST .* is not the address of an engine: /);
    },
  );

  it("over ssh, the other machine's docker connects", () => {
    expect(sshArguments({ kind: "ssh", host: "host", user: "jane", port: "22", path: "/d.sock" }).join(" ")).toBe(
      "-l jane -p 22 -o ConnectTimeout=30 -T -- host docker --host unix:///d.sock system dial-stdio",
    );
  });
});

it("on Windows, docker's pipe is the default engine", async () => {
  expect(await findEngine({}, "C:\\Users\\jane", "win32")).toEqual({
    address: { kind: "socket", path: "//./pipe/docker_engine" },
    text: "npipe:////./pipe/docker_engine",
    source: "the default socket",
  });
});

it("on macOS, the socket in docker's own directory is found too", async () => {
  const home = await mkdtemp(join(tmpdir(), "slipway-mac-"));
  const path = join(home, ".docker/run/docker.sock");
  await mkdir(join(home, ".docker/run"), { recursive: true });
  const server = createServer().listen(path);
  try {
    await once(server, "listening");
    // A machine where the tests run may have an engine at the first address.
    const found = await findEngine({}, home, "darwin");
    expect([`unix://${path}`, "unix:///var/run/docker.sock"]).toContain(found?.text);
  } finally {
    server.close();
    await rm(home, { recursive: true });
  }
});

describe("which engine is found", () => {
  let home = "";
  const contextDirectory = (kind: string, name: string): string =>
    join(home, ".docker/contexts", kind, createHash("sha256").update(name).digest("hex"));

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "slipway-home-"));
    await mkdir(contextDirectory("meta", "lab"), { recursive: true });
    await mkdir(join(contextDirectory("tls", "lab"), "docker"), { recursive: true });
    const endpoint = { Host: "tcp://lab.example.com:2376", SkipTLSVerify: false };
    await writeFile(
      join(contextDirectory("meta", "lab"), "meta.json"),
      JSON.stringify({ Name: "lab", Metadata: {}, Endpoints: { docker: endpoint } }),
    );
    await writeFile(join(contextDirectory("tls", "lab"), "docker/ca.pem"), "CA");
    await writeFile(join(home, ".docker/config.json"), JSON.stringify({ currentContext: "lab" }));
  });
  afterAll(() => rm(home, { recursive: true }));

  const LAB = {
    address: { kind: "tcp", host: "lab.example.com", port: 2376, tls: { ca: Buffer.from("CA"), verify: true } },
    text: "tcp://lab.example.com:2376",
    source: 'the docker context "lab"',
  };

  it("the current context's, with its certificates", async () => {
    expect(await findEngine({}, home)).toEqual(LAB);
  });

  it("DOCKER_CONTEXT's before the current context's", async () => {
    await expect(findEngine({ DOCKER_CONTEXT: "gone" }, home)).rejects.toThrow(
      'the docker context "gone" cannot be read',
    );
  });

  it("DOCKER_HOST's before any context's", async () => {
    expect(await findEngine({ DOCKER_HOST: "unix:///x", DOCKER_CONTEXT: "lab" }, home)).toMatchObject({
      address: { kind: "socket", path: "/x" },
      source: "DOCKER_HOST",
    });
  });

  it("DOCKER_HOST's with the certificates of DOCKER_CERT_PATH", async () => {
    const env = {
      DOCKER_HOST: "tcp://h",
      DOCKER_TLS_VERIFY: "1",
      DOCKER_CERT_PATH: join(contextDirectory("tls", "lab"), "docker"),
    };
    expect((await findEngine(env, home))?.address).toEqual({
      kind: "tcp",
      host: "h",
      port: 2376,
      tls: { ca: Buffer.from("CA"), verify: true },
    });
  });
});
