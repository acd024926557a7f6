/** What the daemon asks of a client, asked by a daemon that does as it is told. */
import { createHash, createPublicKey, verify } from "node:crypto";
import { PassThrough, Writable, duplexPair } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { Channel } from "../../../../src/lib/buildkit/channel.ts";
import type { Daemon } from "../../../../src/lib/buildkit/control.ts";
import { CODE } from "../../../../src/lib/buildkit/grpc.ts";
import * as messages from "../../../../src/lib/buildkit/messages.ts";
import { decode, encode } from "../../../../src/lib/buildkit/protobuf.ts";
import type { Decoded } from "../../../../src/lib/buildkit/protobuf.ts";
import type { Methods } from "../../../../src/lib/buildkit/served.ts";
import { auth } from "../../../../src/lib/buildkit/services/auth.ts";
import { content } from "../../../../src/lib/buildkit/services/content.ts";
import { fileSend } from "../../../../src/lib/buildkit/services/file-send.ts";
import { fileSync } from "../../../../src/lib/buildkit/services/file-sync.ts";
import { goMode } from "../../../../src/lib/buildkit/services/stat-packets.ts";
import type { SyncEntry } from "../../../../src/lib/buildkit/services/stat-packets.ts";
import type { SyncRequest, SyncTree } from "../../../../src/lib/buildkit/services/file-sync.ts";
import { secrets } from "../../../../src/lib/buildkit/services/secrets.ts";
import { ssh } from "../../../../src/lib/buildkit/services/ssh.ts";
import { fakeDaemon } from "../../../fakes/buildkit-daemon.ts";

const DIFF_COPY = "/moby.filesync.v1.FileSync/DiffCopy";
const TYPE = { stat: 0, request: 1, data: 2, end: 3, error: 4 };

const open: Daemon[] = [];

async function sessionWith(methods: Methods, failures: unknown[] = []): Promise<Channel> {
  const fake = await fakeDaemon();
  open.push(fake.daemon);
  fake.daemon.openSession({ sharedKey: "k", methods, onFailure: (error) => failures.push(error) });
  return (await fake.session).channel;
}

afterEach(() => {
  for (const daemon of open.splice(0)) daemon.close();
});

type Stat = Decoded<typeof messages.STAT>;

/** As fsutil receives: all STATs, then what `wants` says of each, one at a time. */
async function receive(
  channel: Channel,
  metadata: Record<string, string | readonly string[]>,
  wants: (stat: Stat) => boolean,
): Promise<{ stats: Stat[]; files: Map<string, Buffer> }> {
  const call = channel.open(DIFF_COPY, metadata);
  const stats: Stat[] = [];
  const parts = new Map<number, Buffer[]>();
  const files = new Map<string, Buffer>();
  let missing = 0;
  let listed = false;
  for await (const message of call) {
    const packet = decode(messages.PACKET, message);
    if (packet.type === TYPE.stat && packet.stat !== undefined) {
      const stat = packet.stat;
      if (wants(stat)) {
        await call.write(encode(messages.PACKET, { type: TYPE.request, id: stats.length }));
        missing++;
      }
      stats.push(stat);
    } else if (packet.type === TYPE.stat) listed = true;
    else if (packet.type === TYPE.data && packet.data.length > 0) {
      parts.set(packet.id, [...(parts.get(packet.id) ?? []), Buffer.from(packet.data)]);
    } else if (packet.type === TYPE.data) {
      files.set(stats[packet.id]?.path ?? "", Buffer.concat(parts.get(packet.id) ?? []));
      missing--;
    }
    if (listed && missing === 0 && packet.type !== TYPE.end) {
      listed = false;
      await call.write(encode(messages.PACKET, { type: TYPE.end }));
    }
    if (packet.type === TYPE.end) call.end();
  }
  return { stats, files };
}

const isFile = (stat: Stat): boolean => stat.mode < 2 ** 20 * 16 && stat.linkname === "";

function treeOf(entries: readonly (SyncEntry | undefined)[], contents: Record<string, Buffer>): SyncTree {
  return {
    entries: () => entries,
    read: (path) => [contents[path] ?? Buffer.alloc(0)],
  };
}

const entry = (path: string, more: Partial<SyncEntry> = {}): SyncEntry => ({
  path,
  kind: "file",
  mode: 0o644,
  size: 0,
  mtime: 1n,
  ...more,
});

describe("files", () => {
  it("files are listed with modes, times and links, and sent on request", async () => {
    const big = Buffer.alloc(700_000, "abc");
    const entries = [
      entry("bin", { kind: "directory", mode: 0o2755, mtime: 1_796_000_000_123_456_789n }),
      entry("bin/su", { mode: 0o4755, size: big.length }),
      entry("caf\xe9", { size: 3, mtime: -1_000_000_001n }),
      undefined,
      entry("link", { kind: "symlink", mode: 0o777, link: "../\xff" }),
      entry("second", { link: "bin/su", size: big.length }),
      entry("tmp", { kind: "directory", mode: 0o1777 }),
      entry("unwanted", { size: 9 }),
    ];
    const channel = await sessionWith(
      fileSync(new Map([["context", treeOf(entries, { "bin/su": big, "caf\xe9": Buffer.from("abc") })]])),
    );
    const wants = (stat: Stat): boolean => isFile(stat) && stat.path !== "unwanted";
    const { stats, files } = await receive(channel, { "dir-name": "context" }, wants);
    const told = stats.map(({ path, mode, size, modTime, linkname }) => ({ path, mode, size, modTime, linkname }));
    expect(told).toEqual([
      { path: "bin", mode: 2 ** 31 + 2 ** 22 + 0o755, size: 0, modTime: 1_796_000_000_123_456_789n, linkname: "" },
      { path: "bin/su", mode: 2 ** 23 + 0o755, size: big.length, modTime: 1n, linkname: "" },
      { path: "caf\xe9", mode: 0o644, size: 3, modTime: -1_000_000_001n, linkname: "" },
      { path: "link", mode: 2 ** 27 + 0o777, size: 0, modTime: 1n, linkname: "../\xff" },
      { path: "second", mode: 0o644, size: big.length, modTime: 1n, linkname: "bin/su" },
      { path: "tmp", mode: 2 ** 31 + 2 ** 20 + 0o777, size: 0, modTime: 1n, linkname: "" },
      { path: "unwanted", mode: 0o644, size: 9, modTime: 1n, linkname: "" },
    ]);
    expect([...files.keys()]).toEqual(["bin/su", "caf\xe9"]);
    expect(files.get("bin/su")?.equals(big)).toBe(true);
    expect(files.get("caf\xe9")?.toString()).toBe("abc");
  });

  it("a hundred thousand files arrive, and health checks are answered meanwhile", async () => {
    const entries = function* (): Generator<SyncEntry | undefined> {
      for (let at = 0; at < 100_000; at++) {
        if (at % 256 === 0) yield undefined;
        yield entry(`d/${String(at).padStart(6, "0")}`, { size: 1 });
      }
    };
    const channel = await sessionWith(fileSync(new Map([["context", { entries, read: () => [Buffer.from("x")] }]])));
    const health = { request: messages.EMPTY, response: messages.HEALTH_CHECK_RESPONSE };
    let answers = 0;
    const receiving = receive(channel, { "dir-name": "context" }, () => false);
    const state = { over: false };
    void receiving.finally(() => (state.over = true));
    while (!state.over) {
      await channel.unary("/grpc.health.v1.Health/Check", health, {});
      answers++;
    }
    expect((await receiving).stats).toHaveLength(100_000);
    expect(answers).toBeGreaterThan(3);
  });

  it("the daemon gets the files it will use, with names in any script", async () => {
    const requests: SyncRequest[] = [];
    const tree: SyncTree = {
      entries: (request) => {
        requests.push(request);
        return [];
      },
      read: () => [],
    };
    const channel = await sessionWith(fileSync(new Map([["context", tree]])));
    await receive(channel, { "dir-name": "context", followpaths: ["a, b", "c+d"] }, isFile);
    const encoded = { "followpaths-encoded": "1", followpaths: ["%C3%A4+x", "a%2Bb"] };
    await receive(channel, { "dir-name": "context", ...encoded }, isFile);
    expect(requests).toEqual([
      { name: "context", followPaths: ["a, b", "c+d"] },
      { name: "context", followPaths: ["ä x", "a+b"] },
    ]);
  });

  it("a file that cannot be read ends the build with the error of the reader", async () => {
    const failures: unknown[] = [];
    const unreadable = new Error("cannot read a");
    const tree: SyncTree = {
      entries: () => [entry("a", { size: 1 })],
      read: () => {
        throw unreadable;
      },
    };
    const channel = await sessionWith(fileSync(new Map([["context", tree]])), failures);
    await expect(receive(channel, { "dir-name": "context" }, isFile)).rejects.toMatchObject({
      message: "cannot read a",
    });
    expect(failures).toEqual([unreadable]);
    await expect(receive(channel, { "dir-name": "etc" }, isFile)).rejects.toMatchObject({ code: CODE.notFound });
  });

  it("a request for a file number that does not exist is refused", async () => {
    const channel = await sessionWith(
      fileSync(new Map([["context", treeOf([entry("d", { kind: "directory" })], {})]])),
    );
    await expect(receive(channel, { "dir-name": "context" }, () => true)).rejects.toThrow("file number 0");
  });

  it.each([
    ["file", 0o644, 0o644],
    ["file", 0o6755, 2 ** 23 + 2 ** 22 + 0o755],
    ["directory", 0o1777, 2 ** 31 + 2 ** 20 + 0o777],
    ["symlink", 0o777, 2 ** 27 + 0o777],
  ] as const)("have Go's modes: %s %o", (kind, mode, go) => {
    expect(goMode(kind, mode)).toBe(go);
  });
});

describe("logins", () => {
  const CREDENTIALS = { request: messages.CREDENTIALS_REQUEST, response: messages.CREDENTIALS_RESPONSE };
  const AUTHORITY = { request: messages.GET_TOKEN_AUTHORITY_REQUEST, response: messages.GET_TOKEN_AUTHORITY_RESPONSE };
  const VERIFY = {
    request: messages.VERIFY_TOKEN_AUTHORITY_REQUEST,
    response: messages.VERIFY_TOKEN_AUTHORITY_RESPONSE,
  };
  const TOKEN = { request: messages.FETCH_TOKEN_REQUEST, response: messages.FETCH_TOKEN_RESPONSE };
  const path = (name: string): string => `/moby.filesync.v1.Auth/${name}`;
  const login = async (host: string) => (host === "r" ? { username: "u", secret: "s" } : undefined);

  it("a login is given for its own host and for no other", async () => {
    const channel = await sessionWith(auth({ login }));
    expect(await channel.unary(path("Credentials"), CREDENTIALS, { host: "r" })).toEqual({
      username: "u",
      secret: "s",
    });
    expect(await channel.unary(path("Credentials"), CREDENTIALS, { host: "x" })).toEqual({ username: "", secret: "" });
  });

  it("a daemon that does not ask for tokens gets the login", async () => {
    const channel = await sessionWith(auth({ login }));
    const asked = channel.unary(path("GetTokenAuthority"), AUTHORITY, { host: "r", salt: Buffer.alloc(32) });
    await expect(asked).rejects.toMatchObject({ code: CODE.unavailable });
  });

  it("where the client fetches the tokens, the login stays on the client", async () => {
    const fetchToken = async () => ({ token: "t", expiresIn: 300, issuedAt: 5 });
    const channel = await sessionWith(auth({ login, tokens: async (host) => (host === "x" ? undefined : fetchToken) }));
    const salt = Buffer.alloc(32, 1);
    const { publicKey } = await channel.unary(path("GetTokenAuthority"), AUTHORITY, { host: "r", salt });
    const payload = Buffer.alloc(32, 7);
    const { signed } = await channel.unary(path("VerifyTokenAuthority"), VERIFY, { host: "r", salt, payload });
    const key = createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: publicKey.toString("base64url") },
      format: "jwk",
    });
    expect(signed.subarray(64).equals(payload)).toBe(true);
    expect(verify(null, payload, key, signed.subarray(0, 64))).toBe(true);
    const other = await channel.unary(path("GetTokenAuthority"), AUTHORITY, { host: "other", salt });
    expect(other.publicKey.equals(publicKey)).toBe(false);
    const token = await channel.unary(path("FetchToken"), TOKEN, { host: "r", scopes: ["repository:a:pull"] });
    expect(token).toEqual({ token: "t", expiresIn: 300, issuedAt: 5 });
    expect(await channel.unary(path("Credentials"), CREDENTIALS, { host: "r" })).toEqual({ username: "", secret: "" });
    const none = channel.unary(path("FetchToken"), TOKEN, { host: "x", scopes: [] });
    await expect(none).rejects.toMatchObject({ code: CODE.unavailable });
  });
});

describe("secrets", () => {
  const TABLES = { request: messages.GET_SECRET_REQUEST, response: messages.GET_SECRET_RESPONSE };
  const path = "/moby.buildkit.secrets.v1.Secrets/GetSecret";

  it("a secret is given by its id, and an unknown id is not found", async () => {
    const channel = await sessionWith(secrets((id) => (id === "a" ? Buffer.from([0, 255]) : undefined)));
    expect((await channel.unary(path, TABLES, { id: "a" })).data).toEqual(Buffer.from([0, 255]));
    await expect(channel.unary(path, TABLES, { id: "b" })).rejects.toMatchObject({ code: CODE.notFound });
  });
});

describe("what exporters write", () => {
  const path = "/moby.filesync.v1.FileSend/DiffCopy";
  const metadata = { "buildkit-attachable-exporter-id": "1", "exporter-md-containerimage.digest": "sha256:1" };

  it("an export arrives whole, with its metadata, before the daemon is told that it ended", async () => {
    const seen: unknown[] = [];
    const sink = new PassThrough();
    const all = buffer(sink);
    const channel = await sessionWith(
      fileSend(async (exporter, facts) => {
        seen.push(exporter, [...facts]);
        return sink;
      }),
    );
    const call = channel.open(path, metadata);
    const pieces = Array.from({ length: 100 }, (_, at) => Buffer.alloc(32 << 10, at));
    for (const data of pieces) await call.write(encode(messages.BYTES_MESSAGE, { data }));
    call.end();
    for await (const _ of call);
    expect(sink.writableFinished).toBe(true);
    expect(seen).toEqual(["1", [["containerimage.digest", "sha256:1"]]]);
    expect(sum(await all)).toBe(sum(Buffer.concat(pieces)));
  });

  it("an export fails with the error of its destination", async () => {
    const failures: unknown[] = [];
    const full = new Error("no space left");
    const sink = new Writable({ write: (_chunk, _encoding, callback) => callback(full) });
    const channel = await sessionWith(
      fileSend(async () => sink),
      failures,
    );
    const call = channel.open(path, metadata);
    await call.write(encode(messages.BYTES_MESSAGE, { data: Buffer.alloc(10) }));
    call.end();
    await expect(call[Symbol.asyncIterator]().next()).rejects.toMatchObject({ message: "no space left" });
    expect(failures).toEqual([full]);
  });

  it("an export that the daemon cuts off is discarded, not taken as whole", async () => {
    const sink = new PassThrough().resume();
    const closed = new Promise((resolve) => sink.on("close", resolve));
    const channel = await sessionWith(fileSend(async () => sink));
    const call = channel.open(path, metadata);
    await call.write(encode(messages.BYTES_MESSAGE, { data: Buffer.alloc(10) }));
    setTimeout(() => channel.close(), 50);
    await closed;
    expect(sink.writableFinished).toBe(false);
  });
});

describe("an agent", () => {
  const CHECK = { request: messages.CHECK_AGENT_REQUEST, response: messages.EMPTY };
  const dial = async () => {
    const [near, far] = duplexPair();
    far.on("data", (chunk: Buffer) => far.write(`<${chunk.toString()}>`)).on("end", () => far.end());
    return near;
  };

  it("an ssh agent is reached by its id, with a connection for each call", async () => {
    const channel = await sessionWith(ssh(new Map([["default", dial]])));
    await channel.unary("/moby.sshforward.v1.SSH/CheckAgent", CHECK, { id: "" });
    await expect(channel.unary("/moby.sshforward.v1.SSH/CheckAgent", CHECK, { id: "no" })).rejects.toMatchObject({
      code: CODE.notFound,
    });
    const call = channel.open("/moby.sshforward.v1.SSH/ForwardAgent", { "buildkit.ssh.id": "default" });
    await call.write(encode(messages.BYTES_MESSAGE, { data: Buffer.from("list") }));
    const answers = call[Symbol.asyncIterator]();
    const first = await answers.next();
    expect(decode(messages.BYTES_MESSAGE, first.value ?? Buffer.alloc(0)).data.toString()).toBe("<list>");
    call.end();
    expect((await answers.next()).done).toBe(true);
  });
});

describe("blobs", () => {
  const data = Buffer.from("0123456789");
  const digest = `sha256:${sum(data)}`;
  const store = {
    size: async (asked: string) => (asked === digest ? data.length : undefined),
    read: async function* (_: string, offset: number, length: number) {
      for (let at = offset; at < offset + length; at += 4) yield data.subarray(at, Math.min(at + 4, offset + length));
    },
  };
  const INFO = { request: messages.CONTENT_INFO_REQUEST, response: messages.CONTENT_INFO_RESPONSE };
  const path = "/containerd.services.content.v1.Content/";

  async function read(channel: Channel, request: object, id = "s"): Promise<string> {
    const call = channel.open(`${path}Read`, { "buildkit-attachable-store-id": id });
    await call.write(encode(messages.CONTENT_READ_REQUEST, request));
    call.end();
    let text = "";
    for await (const message of call) text += decode(messages.CONTENT_READ_RESPONSE, message).data.toString();
    return text;
  }

  it("a blob is read by its digest from any offset", async () => {
    const channel = await sessionWith(content(new Map([["s", store]])));
    expect(await read(channel, { digest })).toBe("0123456789");
    expect(await read(channel, { digest, offset: 3 })).toBe("3456789");
    expect(await read(channel, { digest, offset: 3, size: 2 })).toBe("34");
    expect(await read(channel, { digest, offset: 20 })).toBe("");
    await expect(read(channel, { digest: "../../etc/passwd" })).rejects.toMatchObject({ code: CODE.notFound });
    await expect(read(channel, { digest }, "other")).rejects.toMatchObject({ code: CODE.notFound });
    await expect(channel.unary(`${path}Info`, INFO, { digest })).rejects.toMatchObject({ code: CODE.notFound });
  });
});

function sum(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
