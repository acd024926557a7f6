/** Connections to a kept builder's port over real TLS, and what is written to a command in its place. */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { duplexPair } from "node:stream";
import { connect as connectTls, createServer } from "node:tls";
import type { ConnectionOptions, Server } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DAEMON_PORT } from "../../../../src/builders/buildkit/daemon.ts";
import { EMPTY, INFO_RESPONSE } from "../../../../src/lib/buildkit/messages.ts";
import { serve, unary } from "../../../../src/lib/buildkit/served.ts";
import type { Methods } from "../../../../src/lib/buildkit/served.ts";
import { DialledAhead, dial } from "../../../../src/run/keep/dial.ts";
import type { Address, Dialled } from "../../../../src/run/keep/dial.ts";
import { KeepKey } from "../../../../src/run/keep/keep-key.ts";
import { clientTls, newDaemonIdentity } from "../../../../src/run/keep/keep-tls.ts";
import { FakeCluster } from "../../../fakes/fake-cluster.ts";

const newKey = (): KeepKey => new KeepKey(generateKeyPairSync("ed25519").privateKey);
const key = newKey();
const JOB = "3f2b8c1e-0d4a-4c7b-9a55-2f1e6d7c8b90";
const address = (way: Address["way"], job = JOB): Address => ({ pod: "pod", job, way });
const limit = (): AbortSignal => AbortSignal.timeout(20_000);

const methods: Methods = {
  "/moby.buildkit.v1.Control/Info": unary({ request: EMPTY, response: INFO_RESPONSE }, () => ({
    buildkitVersion: { version: "answers" },
  })),
};

const close: (() => void)[] = [];
afterEach(() => {
  for (const each of close.splice(0)) each();
});

/** A daemon at a port, as BuildKit's: it accepts the clients of one authority. */
async function listen(of = key, job = JOB): Promise<{ readonly server: Server; readonly port: number }> {
  const { identity, authority } = newDaemonIdentity(of, job);
  const server = createServer({
    cert: identity,
    key: identity,
    ca: authority,
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ["h2"],
  });
  server.on("secureConnection", (socket) => void serve(socket, methods));
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  close.push(() => server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

/** A cluster whose pod has a daemon at the port, and one behind the command. */
async function cluster(port?: number): Promise<{ readonly fake: FakeCluster; readonly written: () => string }> {
  const fake = new FakeCluster();
  if (port !== undefined) {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    fake.ports.push(socket);
  }
  const [ours, theirs] = duplexPair();
  let preamble = "";
  const read = (): void => {
    // What follows is the client's: HTTP/2 begins with its preface.
    preamble += String(theirs.read() ?? "");
    const start = preamble.indexOf("PRI * HTTP/2.0");
    if (start < 0) return;
    theirs.off("readable", read);
    theirs.unshift(Buffer.from(preamble.slice(start), "latin1"));
    preamble = preamble.slice(0, start);
    void serve(theirs, methods);
  };
  theirs.setEncoding("latin1");
  theirs.on("readable", read);
  fake.pipes.push(ours);
  return { fake, written: () => preamble };
}

async function version({ daemon }: Dialled): Promise<string | undefined> {
  close.push(() => daemon.close());
  return (await daemon.info()).buildkitVersion?.version;
}

describe("dialling a kept builder", () => {
  it("uses the port, and starts no command", async () => {
    const { fake } = await cluster((await listen()).port);
    const dialled = await dial(fake, address("port"), key, undefined, 20_000, limit());
    expect([await version(dialled), dialled.way]).toEqual(["answers", "port"]);
    expect([fake.dialled, fake.calls]).toEqual([[`pod:${DAEMON_PORT}`], []]);
  });

  it.each([
    ["nothing listens at the port", async () => undefined],
    ["the daemon has the identity of another Job", async () => (await listen(key, "another")).port],
    ["the daemon was given its identity with another key", async () => (await listen(newKey())).port],
  ])("uses a command if %s", async (_, port) => {
    const { fake } = await cluster(await port());
    const dialled = await dial(fake, address("port"), key, undefined, 20_000, limit());
    expect(dialled.way).toBe("command");
    expect(fake.calls).toHaveLength(1);
    dialled.daemon.close();
  });

  it("does not take another daemon for its own where certificates of servers are not checked", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    try {
      const { fake } = await cluster((await listen(newKey())).port);
      const dialled = await dial(fake, address("port"), key, undefined, 20_000, limit());
      expect(dialled.way).toBe("command");
      dialled.daemon.close();
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("uses a command if the port fails while it is being connected", async () => {
    const { fake } = await cluster();
    const [ours] = duplexPair();
    ours.destroy(new Error("too late"));
    fake.ports.push(ours);
    const dialled = await dial(fake, address("port"), key, undefined, 20_000, limit());
    expect(dialled.way).toBe("command");
    dialled.daemon.close();
  });

  it("brings a daemon that is dialled by command what it needs to listen: its own key, and no key of the client's", async () => {
    const { fake, written } = await cluster();
    const dialled = await dial(fake, address("command"), key, undefined, 20_000, limit());
    const parts = written().split(".\n");
    expect(parts).toHaveLength(3);
    expect(parts[0]).toMatch(
      /^-----BEGIN CERTIFICATE-----[^]+-----BEGIN PRIVATE KEY-----[^]+-----END PRIVATE KEY-----\n$/,
    );
    expect(parts[1]).toBe(clientTls(key, JOB).ca);
    expect(written()).not.toContain(clientTls(key, JOB).key.split("\n")[1]);
    expect(fake.dialled).toEqual([]);
    dialled.daemon.close();
  });

  it("tries the port once if it was dialled ahead in vain", async () => {
    const { fake } = await cluster();
    const ahead = new DialledAhead(fake, address("port"), key, limit());
    const dialled = await dial(fake, address("port"), key, ahead, 20_000, limit());
    expect([dialled.way, fake.dialled]).toEqual(["command", [`pod:${DAEMON_PORT}`]]);
    dialled.daemon.close();
  });

  it("does not use the connection to the pod of another Job", async () => {
    const { fake } = await cluster((await listen(key, "another")).port);
    const ahead = new DialledAhead(fake, address("port", "another"), key, limit());
    const dialled = await dial(fake, address("command"), key, ahead, 20_000, limit());
    expect(dialled.way).toBe("command");
    dialled.daemon.close();
    ahead.drop();
  });

  it("waits no longer for a daemon's answer than it is told, and names the pod", async () => {
    const [ours] = duplexPair();
    const fake = new FakeCluster();
    fake.pipes.push(ours);
    const closed = new Promise((resolve) => void ours.once("close", resolve));
    await expect(dial(fake, address("command"), key, undefined, 1, limit())).rejects.toThrow(
      'the kept builder in the pod "pod" does not answer',
    );
    await closed;
  });

  it("writes nothing to a command that was started ahead before its pod is known to be the builder's", async () => {
    const { fake, written } = await cluster();
    const ahead = new DialledAhead(fake, address("command"), key, limit());
    await new Promise((resolve) => setImmediate(resolve));
    expect(written()).toBe("");
    const dialled = await dial(fake, address("command"), key, ahead, 20_000, limit());
    expect([dialled.way, fake.calls.length, written()]).toEqual(["command", 1, expect.stringContaining("CERTIFICATE")]);
    dialled.daemon.close();
  });
});

describe("a daemon's port", () => {
  /** What a client gets of the server, or the code of its error. */
  function answer(port: number, options: ConnectionOptions): Promise<string> {
    return new Promise((resolve) => {
      const socket = connectTls({ ...options, port, host: "127.0.0.1", ALPNProtocols: ["h2"] });
      socket.on("data", () => resolve("data"));
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on("close", () => resolve("closed"));
      close.push(() => socket.destroy());
    });
  }

  const daemons = newDaemonIdentity(key, JOB);
  it.each<[string, ConnectionOptions]>([
    ["has no certificate", { rejectUnauthorized: false }],
    ["has the certificate of another key", { ...clientTls(newKey(), JOB), rejectUnauthorized: false }],
    [
      "has a daemon's own certificate and key",
      { cert: daemons.identity, key: daemons.identity, rejectUnauthorized: false },
    ],
  ])("sends nothing to a client that %s", async (_, options) => {
    expect(await answer((await listen()).port, options)).not.toBe("data");
  });

  it("answers a client of the key that has made its identity", async () => {
    const { host: _, ...own } = clientTls(key, JOB);
    expect(await answer((await listen()).port, { ...own, checkServerIdentity: () => undefined })).toBe("data");
  });
});

describe("the key of kept builders", () => {
  it("gives the same client and authority on every machine that has it, and a new identity to every daemon", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const [one, other] = [new KeepKey(privateKey), new KeepKey(privateKey)];
    expect(clientTls(one, JOB)).toEqual(clientTls(other, JOB));
    expect(newDaemonIdentity(one, JOB).identity).not.toBe(newDaemonIdentity(one, JOB).identity);
    expect(newDaemonIdentity(one, JOB).authority).toBe(newDaemonIdentity(other, JOB).authority);
  });

  it("is in none of what it gives", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const own = new KeepKey(privateKey);
    const seed = String(privateKey.export({ format: "jwk" }).d).slice(0, 20);
    const given = JSON.stringify([clientTls(own, JOB), newDaemonIdentity(own, JOB)]);
    const decoded = [...given.matchAll(/[A-Za-z0-9+/=]{40,}/g)].map(([text]) =>
      Buffer.from(text, "base64").toString("base64url"),
    );
    expect(decoded.length).toBeGreaterThan(3);
    expect(decoded.join(" ")).not.toContain(seed);
  });
});
