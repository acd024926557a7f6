/** Calls and sessions over a pair of streams in memory, nested as they are in a real connection. */
import { once } from "node:events";
import { performServerHandshake } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import { duplexPair } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { Channel } from "../../../../src/lib/buildkit/channel.ts";
import type { Daemon } from "../../../../src/lib/buildkit/control.ts";
import { CODE, ConnectionLost, GrpcError, UnreadStatus } from "../../../../src/lib/buildkit/grpc.ts";
import {
  BYTES_MESSAGE,
  EMPTY,
  GET_SECRET_REQUEST,
  GET_SECRET_RESPONSE,
  HEALTH_CHECK_RESPONSE,
  INFO_RESPONSE,
  SOLVE_REQUEST,
  SOLVE_RESPONSE,
  STATUS_RESPONSE,
} from "../../../../src/lib/buildkit/messages.ts";
import { decode, encode } from "../../../../src/lib/buildkit/protobuf.ts";
import { unary } from "../../../../src/lib/buildkit/served.ts";
import type { Methods } from "../../../../src/lib/buildkit/served.ts";
import { fakeDaemon } from "../../../fakes/buildkit-daemon.ts";
import type { FakeDaemon } from "../../../fakes/buildkit-daemon.ts";

const HEALTH = { request: EMPTY, response: HEALTH_CHECK_RESPONSE };
const SECRET = { request: GET_SECRET_REQUEST, response: GET_SECRET_RESPONSE };
const GET_SECRET = "/moby.buildkit.secrets.v1.Secrets/GetSecret";

const open: Daemon[] = [];

async function start(methods: Methods = {}): Promise<FakeDaemon> {
  const fake = await fakeDaemon(methods);
  open.push(fake.daemon);
  return fake;
}

afterEach(() => {
  for (const daemon of open.splice(0)) daemon.close();
});

const info: Methods = {
  "/moby.buildkit.v1.Control/Info": unary({ request: EMPTY, response: INFO_RESPONSE }, () => ({
    buildkitVersion: { version: "v0.34.2" },
  })),
};

describe("a call", () => {
  it("a call is answered", async () => {
    const { daemon } = await start(info);
    expect((await daemon.info()).buildkitVersion?.version).toBe("v0.34.2");
  });

  it("a call fails with the status and message of the server", async () => {
    const { daemon } = await start({
      "/moby.buildkit.v1.Control/Solve": async () => {
        throw new GrpcError(CODE.notFound, "kein Bild für 50%\nnirgends");
      },
    });
    await expect(daemon.solve({ ref: "r" })).rejects.toMatchObject({
      name: "GrpcError",
      code: CODE.notFound,
      message: "kein Bild für 50%\nnirgends",
    });
  });

  it("a call of an unknown method fails as unimplemented", async () => {
    await expect((await start()).daemon.info()).rejects.toMatchObject({ code: CODE.unimplemented });
  });

  it("a call streams messages until it ends", async () => {
    const { daemon } = await start({
      "/moby.buildkit.v1.Control/Status": async (call) => {
        for (const name of ["a", "b", "c"]) await call.write(encode(STATUS_RESPONSE, { vertexes: [{ name }] }));
      },
    });
    const names: string[] = [];
    for await (const { vertexes } of daemon.status("r")) names.push(...vertexes.map(({ name }) => name));
    expect(names).toEqual(["a", "b", "c"]);
  });

  it("a signal cancels a call with its own reason, and the server is told", async () => {
    const told = Promise.withResolvers<void>();
    const { daemon } = await start({
      "/moby.buildkit.v1.Control/Solve": (call) =>
        new Promise((_, reject) => {
          call.signal.addEventListener("abort", () => {
            told.resolve();
            reject(new Error("gone"));
          });
        }),
    });
    const stop = new AbortController();
    const solving = daemon.solve({ ref: "r" }, stop.signal);
    setTimeout(() => stop.abort(new Error("enough")), 20);
    await expect(solving).rejects.toThrow("enough");
    await told.promise;
  });

  it("a call with an aborted signal fails with the signal's reason", async () => {
    const { daemon } = await start(info);
    await expect(daemon.info(AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
  });

  it("a call that the server resets, as its status is longer than the headers we accept, is the only one that ends", async () => {
    const [near, far] = duplexPair();
    const server = performServerHandshake(far);
    server.on("stream", (stream, { ":path": path }) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      if (path?.endsWith("Solve") === true) setImmediate(() => stream.destroy(new Error("too long")));
    });
    const channel = await Channel.over(near);
    await channel.ready(AbortSignal.timeout(5000));
    const tables = { request: SOLVE_REQUEST, response: SOLVE_RESPONSE };
    const solving = channel.unary("/moby.buildkit.v1.Control/Solve", tables, { ref: "r" });
    await expect(solving).rejects.toBeInstanceOf(UnreadStatus);
    expect(await channel.ping()).toBeGreaterThan(0);
    expect(server.remoteSettings.maxHeaderListSize).toBe(65_536);
    channel.close();
  });

  it("a connection that ends as its bytes make no sense is lost, and its call has not failed by itself", async () => {
    const [near, far] = duplexPair();
    const server = performServerHandshake(far).on("error", () => {});
    const begun = once(server, "stream");
    const channel = await Channel.over(near);
    await channel.ready(AbortSignal.timeout(5000));
    const tables = { request: SOLVE_REQUEST, response: SOLVE_RESPONSE };
    const solving = channel.unary("/moby.buildkit.v1.Control/Solve", tables, { ref: "r" });
    const failure = solving.catch((error: unknown) => error);
    const [stream] = (await begun) as [ServerHttp2Stream];
    stream.on("error", () => {});
    far.write("x".repeat(100));
    expect(await failure).toBeInstanceOf(ConnectionLost);
  });

  it("a cut connection ends a call as a lost connection, not as a failed build", async () => {
    const { daemon, wire } = await start({
      "/moby.buildkit.v1.Control/Solve": async () => {
        wire.destroy();
        await pause(60_000, undefined, { ref: false });
      },
    });
    await expect(daemon.solve({ ref: "r" })).rejects.toBeInstanceOf(ConnectionLost);
    await daemon.channel.closed;
    await expect(daemon.info()).rejects.toBeInstanceOf(ConnectionLost);
    await expect(daemon.channel.ping()).rejects.toBeInstanceOf(ConnectionLost);
  });

  it("a stream that fails before the connection is made is a lost connection", async () => {
    const [ours] = duplexPair();
    const opening = Channel.over(ours);
    ours.destroy(new Error("cut"));
    const channel = await opening;
    expect(await channel.closed).toMatchObject({ message: "cut" });
    await expect(channel.ready(new AbortController().signal)).rejects.toBeInstanceOf(ConnectionLost);
  });

  it("metadata of each kind arrives", async () => {
    let seen: unknown;
    const { daemon } = await start({
      "/moby.buildkit.v1.Control/Solve": unary({ request: SOLVE_REQUEST, response: SOLVE_RESPONSE }, (request) => {
        seen = request;
        return { exporterResponse: new Map([["containerimage.digest", "sha256:1"]]) };
      }),
    });
    const request = {
      ref: "r",
      session: "s",
      frontend: "dockerfile.v0",
      frontendAttrs: new Map([["build-arg:A", "ä=b"]]),
      exporters: [{ type: "image", attrs: new Map([["push", "true"]]) }],
      cache: { exports: [{ type: "inline" }], imports: [] },
    };
    expect((await daemon.solve(request)).get("containerimage.digest")).toBe("sha256:1");
    expect(seen).toMatchObject({ ...request, cache: { exports: [{ type: "inline", attrs: new Map() }], imports: [] } });
  });
});

describe("a session", () => {
  const session = (fake: FakeDaemon, methods: Methods, failures: unknown[] = []) =>
    fake.daemon.openSession({ sharedKey: "k", methods, onFailure: (error) => failures.push(error) });

  it("a session announces its id, its name and its methods, health included", async () => {
    const fake = await start();
    const { id } = session(fake, { [GET_SECRET]: unary(SECRET, () => ({})) });
    const { metadata } = await fake.session;
    expect(metadata.first("x-docker-expose-session-uuid")).toBe(id);
    expect(metadata.first("x-docker-expose-session-sharedkey")).toBe("k");
    expect(metadata.all("x-docker-expose-session-grpc-method")).toEqual(["/grpc.health.v1.Health/Check", GET_SECRET]);
  });

  it("a session that the system cannot serve says so, and is closed", async () => {
    const fake = await start();
    const directory = process.env["TMPDIR"];
    process.env["TMPDIR"] = "/nonexistent";
    onTestFinished(() => {
      if (directory === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = directory;
    });
    const opened = session(fake, {});
    await expect(opened.served).rejects.toThrow(/ENOENT.*nonexistent/);
    await opened.closed;
  });

  it("a session answers health checks", async () => {
    const fake = await start();
    session(fake, {});
    const { channel } = await fake.session;
    expect(await channel.unary("/grpc.health.v1.Health/Check", HEALTH, {})).toEqual({ status: 1 });
  });

  it("an error thrown in a method reaches the client, and its message the daemon", async () => {
    const failures: unknown[] = [];
    const fake = await start();
    const thrown = new Error("the file cannot be read");
    session(fake, { [GET_SECRET]: () => Promise.reject(thrown) }, failures);
    const { channel } = await fake.session;
    await expect(channel.unary(GET_SECRET, SECRET, {})).rejects.toMatchObject({
      code: CODE.unknown,
      message: "the file cannot be read",
    });
    expect(failures).toEqual([thrown]);
  });

  it("a call that is cancelled as it opens does not end the session", async () => {
    const fake = await start();
    session(fake, { [GET_SECRET]: unary(SECRET, () => ({ data: Buffer.from("v") })) });
    const { channel } = await fake.session;
    for (let count = 0; count < 20; count++) channel.open(GET_SECRET).cancel();
    expect((await channel.unary(GET_SECRET, SECRET, {})).data.toString()).toBe("v");
  });

  it("a thousand headers of one name arrive, with commas in their values", async () => {
    const patterns = Array.from({ length: 1000 }, (_, at) => `dir ${at}, **/*.o`);
    let seen: string[] = [];
    const fake = await start();
    session(fake, {
      [GET_SECRET]: async (call) => {
        seen = call.metadata.all("followpaths");
        await call.write(new Uint8Array());
      },
    });
    const { channel } = await fake.session;
    const call = channel.open(GET_SECRET, { followpaths: patterns });
    call.end();
    for await (const message of call) expect(message).toHaveLength(0);
    expect(seen).toEqual(patterns);
  });

  it("64 MB go each way at once, and health checks are answered meanwhile", async () => {
    const piece = Buffer.alloc(1 << 18, 1);
    const pieces = 256;
    let got = 0;
    const fake = await start();
    session(fake, {
      "/test/Both": async (call) => {
        const reading = (async () => {
          for await (const message of call.messages) got += decode(BYTES_MESSAGE, message).data.length;
        })();
        for (let count = 0; count < pieces; count++) await call.write(encode(BYTES_MESSAGE, { data: piece }));
        await reading;
      },
    });
    const { channel } = await fake.session;
    const call = channel.open("/test/Both");
    let answers = 0;
    const state = { over: false };
    const asking = (async () => {
      while (!state.over) {
        await channel.unary("/grpc.health.v1.Health/Check", HEALTH, {});
        answers++;
      }
    })();
    const sending = (async () => {
      for (let count = 0; count < pieces; count++) await call.write(encode(BYTES_MESSAGE, { data: piece }));
      call.end();
    })();
    let received = 0;
    for await (const message of call) received += decode(BYTES_MESSAGE, message).data.length;
    state.over = true;
    await Promise.all([sending, asking]);
    expect([got, received]).toEqual([pieces * piece.length, pieces * piece.length]);
    expect(answers).toBeGreaterThan(0);
  });

  it("a sender waits for a slow reader", async () => {
    const fake = await start();
    let sent = 0;
    session(fake, {
      "/test/Flood": async (call) => {
        for (; sent < 400; sent++) await call.write(Buffer.alloc(1 << 18));
      },
    });
    const { channel } = await fake.session;
    const call = channel.open("/test/Flood");
    const messages = call[Symbol.asyncIterator]();
    await messages.next();
    await pause(300);
    // 100 MB in all; what two connections and their streams may hold is a part of it.
    expect(sent).toBeLessThan(300);
    let rest = 1;
    while ((await messages.next()).done !== true) rest++;
    expect(rest).toBe(400);
  });

  it("a session ends when it is closed and when its connection is cut", async () => {
    const one = await start();
    const first = session(one, {});
    await one.session;
    first.close();
    expect(await first.closed).toBeUndefined();
    const other = await start();
    const second = session(other, {});
    await other.session;
    other.wire.destroy();
    expect(await second.closed).toBeUndefined();
  });
});
