import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import type { ExecStreams } from "../../../../src/lib/kube/cluster.ts";
import { refusalOf } from "../../../../src/lib/kube/refusal.ts";
import { AuthError, ClusterError } from "../../../../src/errors.ts";
import { FakeApiServer, status } from "../../../fakes/api-server.ts";
import { CERTIFICATE, KEY } from "../../../fakes/api-server-certificate.ts";
import { failureOf, startHarness, until } from "./harness.ts";
import type { Harness } from "./harness.ts";

const run = (
  { cluster }: Harness,
  streams: ExecStreams = {},
  signal: AbortSignal = new AbortController().signal,
  command: readonly string[] = ["sh", "-c", "exit"],
) => cluster.exec("p", "c", command, streams, signal);

/** Sends on a channel of the protocol: 1 stdout, 2 stderr, 3 the status. */
function send(ws: WebSocket, channel: number, payload: string | object): void {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  ws.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
}

const succeed = (ws: WebSocket): void => send(ws, 3, { status: "Success" });

const exited = (code: string) => ({
  ...status(500, "NonZeroExitCode", `command terminated with non-zero exit code: exit status ${code}`),
  details: { causes: [{ reason: "ExitCode", message: code }] },
});

async function* chunksOf(size: number, count: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < count; sent += 1) yield Buffer.alloc(size, sent);
}

describe("a command", () => {
  test("the command is in the URL, one parameter per arg, and its end is reported", async () => {
    await using harness = await startHarness();
    harness.server.onExec((ws) => {
      // The server announces itself with an empty message.
      ws.send(Buffer.from([1]));
      send(ws, 1, "out");
      send(ws, 2, "err");
      send(ws, 3, exited("7"));
    });
    let out = "";
    let err = "";
    const streams = { stdout: (chunk: Uint8Array) => (out += chunk), stderr: (chunk: Uint8Array) => (err += chunk) };
    expect(await run(harness, streams, undefined, ["a b", "&c", "é"])).toEqual({
      exitCode: 7,
      protocol: "v5.channel.k8s.io",
    });
    expect([out, err]).toEqual(["out", "err"]);
    const { url, headers } = harness.server.requests[0]!;
    expect(url.pathname).toBe("/api/v1/namespaces/ns/pods/p/exec");
    expect(url.searchParams.getAll("command")).toEqual(["a b", "&c", "é"]);
    expect(url.searchParams.has("stdin")).toBe(false);
    expect(headers).toMatchObject({
      authorization: "Bearer t",
      "sec-websocket-protocol": "v5.channel.k8s.io,v4.channel.k8s.io",
    });
    expect(headers["sec-websocket-extensions"]).toBeUndefined();
  });

  test("over TLS", async () => {
    const ca = { "certificate-authority-data": Buffer.from(CERTIFICATE).toString("base64") };
    await using harness = await startHarness({ tls: { cert: CERTIFICATE, key: KEY }, clusterFields: ca });
    harness.server.onExec(succeed);
    expect((await run(harness)).exitCode).toBe(0);
  });

  test("a command that is not in the image is an error", async () => {
    await using harness = await startHarness();
    const missing = status(500, "InternalError", 'exec: "nosuch": executable file not found in $PATH');
    harness.server.onExec((ws) => send(ws, 3, missing));
    const error = await failureOf(run(harness, {}, undefined, ["nosuch"]));
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toBe(
      '"nosuch" could not be run in the container "c" of the pod "p": exec: "nosuch": executable file not found in $PATH',
    );
  });
});

describe("standard input", () => {
  test("arrives in order, in frames the server takes, and ends (v5)", async () => {
    await using harness = await startHarness();
    const frames: Buffer[] = [];
    harness.server.onExec((ws) => {
      ws.on("message", (data: Buffer) => {
        if (data[0] === 255) succeed(ws);
        else frames.push(data);
      });
    });
    const sent: number[] = [];
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("small");
      yield Buffer.alloc(0);
      yield Buffer.alloc(600 * 1024, 1);
    }
    await run(harness, { stdin: source(), onSent: (bytes) => sent.push(bytes) });
    expect(frames.map((frame) => [frame[0], frame.length - 1])).toEqual([
      [0, 5],
      [0, 256 * 1024],
      [0, 256 * 1024],
      [0, 88 * 1024],
    ]);
    expect(sent.at(-1)).toBe(5 + 600 * 1024);
    expect(harness.server.requests[0]?.url.searchParams.get("stdin")).toBe("true");
  });

  test("standard input is not closed on v4: the command knows its end", async () => {
    await using harness = await startHarness();
    harness.server.protocols = ["v4.channel.k8s.io"];
    let received = 0;
    harness.server.onExec((ws) => {
      ws.on("message", (data: Buffer) => {
        expect(data[0]).toBe(0);
        received += data.length - 1;
        if (received === 3000) setTimeout(() => succeed(ws), 50);
      });
    });
    expect(await run(harness, { stdin: chunksOf(1000, 3) })).toEqual({ exitCode: 0, protocol: "v4.channel.k8s.io" });
  });

  test("waits for a reader that has stalled, with little in memory", async () => {
    await using harness = await startHarness();
    let resume = (): void => {};
    let received = 0;
    harness.server.onExec((ws, _, socket) => {
      socket.pause();
      resume = () => socket.resume();
      ws.on("message", (data: Buffer) => {
        if (data[0] === 255) succeed(ws);
        else received += data.length - 1;
      });
    });
    const size = 1 << 20;
    let taken = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (; taken < 50; taken += 1) yield Buffer.alloc(size);
    }
    let sent = 0;
    const done = run(harness, { stdin: source(), onSent: (bytes) => (sent = bytes) });
    await until(() => taken > 3);
    // It continues until all buffers in between are full, and then waits.
    let before = -1;
    while (before !== sent) {
      before = sent;
      await sleep(200);
    }
    // 4 MiB of ours, and what the kernel holds for both ends.
    expect(sent).toBeLessThan(24 * size);
    resume();
    expect((await done).exitCode).toBe(0);
    expect(received).toBe(50 * size);
  });

  test("standard input is released if the command ends before reading it all", async () => {
    await using harness = await startHarness();
    harness.server.onExec((ws) => ws.once("message", () => send(ws, 3, exited("1"))));
    let taken = 0;
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (; ; taken += 1) {
          yield Buffer.alloc(100_000);
          await sleep(1);
        }
      } finally {
        closed = true;
      }
    }
    expect((await run(harness, { stdin: source() })).exitCode).toBe(1);
    await until(() => closed);
    expect(taken).toBeLessThan(1000);
  });

  test("silent standard input does not hide the end of the command", async () => {
    await using harness = await startHarness();
    harness.server.onExec((ws) => setTimeout(() => succeed(ws), 20));
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("x");
      await new Promise(() => {});
    }
    expect((await run(harness, { stdin: source() })).exitCode).toBe(0);
  });

  test("an error of standard input ends the command", async () => {
    await using harness = await startHarness();
    let closed = false;
    harness.server.onExec((ws) =>
      ws.on("close", () => {
        closed = true;
      }),
    );
    const reason = new Error("disk on fire");
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("x");
      throw reason;
    }
    expect(await failureOf(run(harness, { stdin: source() }))).toBe(reason);
    await until(() => closed);
  });
});

describe("a connection that is lost", () => {
  test.each([
    ["reset", (_: WebSocket, socket: { resetAndDestroy(): unknown }) => socket.resetAndDestroy()],
    ["closed", (ws: WebSocket) => ws.close(1000)],
    ["closed with a reason", (ws: WebSocket) => ws.close(1011, "going away")],
    ["cut without a word", (ws: WebSocket) => ws.terminate()],
  ])("is an error, never silence: %s", async (_, lose) => {
    await using harness = await startHarness();
    harness.server.onExec((ws, _, socket) => void setTimeout(() => lose(ws, socket), 20));
    const error = await failureOf(run(harness, { stdin: chunksOf(1 << 20, 1000) }));
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toMatch(
      /^the connection to the container "c" of the pod "p" was lost before its command ended/,
    );
  });

  test("an error thrown by the reader of stdout is passed on", async () => {
    await using harness = await startHarness();
    harness.server.onExec((ws) => send(ws, 1, "x"));
    const reason = new Error("full");
    const stdout = (): never => {
      throw reason;
    };
    expect(await failureOf(run(harness, { stdout }))).toBe(reason);
  });
});

describe("an upgrade that is refused", () => {
  test("tells the server's own words", async () => {
    await using harness = await startHarness();
    const message =
      'pods "p" is forbidden: User "bot" cannot create resource "pods/exec" in API group "" in the namespace "ns"';
    harness.server.refuseUpgrade = () => ({ code: 403, body: JSON.stringify(status(403, "Forbidden", message)) });
    const error = await failureOf(run(harness));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toBe('the user "bot" may not create pods/exec in the namespace "ns"');
    expect(refusalOf(error)?.message).toBe(message);
  });

  test("a pod that is not there", async () => {
    await using harness = await startHarness();
    const body = JSON.stringify(status(404, "NotFound", 'pods "p" not found', { name: "p", kind: "pods" }));
    harness.server.refuseUpgrade = () => ({ code: 404, body });
    expect((await failureOf(run(harness))).message).toMatch('the pod "p" in the namespace "ns" does not exist');
  });

  test("a proxy that answers instead", async () => {
    await using harness = await startHarness();
    harness.server.refuseUpgrade = () => ({ code: 200, body: "hello" });
    const error = await failureOf(run(harness));
    expect(error.message).toMatch("does not allow websockets");
  });

  test("credentials that have expired are renewed once", async () => {
    await using harness = await startHarness();
    let refusals = 0;
    harness.server.refuseUpgrade = () => (refusals++ === 0 ? { code: 401, body: "" } : undefined);
    harness.server.onExec(succeed);
    expect((await run(harness)).exitCode).toBe(0);
    harness.server.refuseUpgrade = () => ({ code: 401, body: "" });
    expect(await failureOf(run(harness))).toBeInstanceOf(AuthError);
    expect(harness.server.requests).toHaveLength(4);
  });

  test("a server that is not there yet is tried again", async () => {
    await using harness = await startHarness();
    const { port } = harness.server;
    await harness.server.close();
    const running = run(harness);
    await sleep(200);
    await using again = await FakeApiServer.start(undefined, port);
    again.onExec(succeed);
    expect((await running).exitCode).toBe(0);
  });
});

describe("the signal", () => {
  test.each(["before", "during the handshake", "during the command"])("%s", async (when) => {
    await using harness = await startHarness();
    const stop = new AbortController();
    const reason = new Error("enough");
    let opened = 0;
    harness.server.onExec(() => {
      opened += 1;
    });
    if (when === "before") stop.abort(reason);
    const failure = failureOf(run(harness, { stdin: chunksOf(1 << 20, 10_000) }, stop.signal));
    if (when === "during the command") await until(() => opened === 1);
    stop.abort(reason);
    expect(await failure).toBe(reason);
    await until(() => harness.server.connections === 0);
  });
});
