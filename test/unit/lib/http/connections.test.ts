/** The HTTP client below both of slipway's: what it sends, what it keeps, and every way in which a server can fail it. */
import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, createServer as createTcp } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { Duplex, Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { Connections, Silence } from "../../../../src/lib/http/connections.ts";
import type { Answer, Question } from "../../../../src/lib/http/connections.ts";
import { abandon, drain } from "../../../../src/lib/http/read-body.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

interface Here {
  readonly connections: Connections;
  readonly opened: Socket[];
  ask(question?: Partial<Question>): Promise<Answer>;
}

async function connectTo(server: Server): Promise<Here> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const opened: Socket[] = [];
  const connections = new Connections({
    async open(url) {
      const socket = connect(Number(url.port), url.hostname);
      await once(socket, "connect");
      opened.push(socket);
      return socket;
    },
  });
  cleanUps.push(() => {
    connections.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${port}`);
  const ask: Here["ask"] = (question) =>
    connections.request({ method: "GET", server: url, target: "/", headers: {}, ...question });
  return { connections, opened, ask };
}

function answering(answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<Here> {
  // A test's client may be gone before it has sent all.
  return connectTo(createHttp((request, response) => void (async () => answer(request, response))().catch(() => {})));
}

/** A server that writes to each connection what it is told, after the head of a request. */
function saying(say: (socket: Socket) => unknown): Promise<Here> {
  return connectTo(createTcp((socket) => void socket.once("data", () => say(socket))));
}

const HEAD = "HTTP/1.1 200 OK\r\n";

describe("a request", () => {
  it.each([
    ["GET", undefined, { "content-length": undefined, "transfer-encoding": undefined }, ""],
    ["POST", undefined, { "content-length": "0" }, ""],
    ["POST", "é", { "content-length": "2" }, "é"],
    ["DELETE", '{"a":1}', { "content-length": "7", "transfer-encoding": undefined }, '{"a":1}'],
    ["PATCH", Buffer.from("ab"), { "content-length": "2" }, "ab"],
    ["PUT", () => Readable.from(["a", "b"]), { "transfer-encoding": "chunked" }, "ab"],
  ] as const)("%s with the body %j tells its length", async (method, body, headers, arrived) => {
    const here = await answering(async (request, response) => {
      const lines = ["host", "content-length", "transfer-encoding"].map((name) => [name, request.headers[name]]);
      response.end(JSON.stringify({ ...Object.fromEntries(lines), body: await text(request) }));
    });
    const answer = await here.ask({ method, body: typeof body === "function" ? body() : body });
    const seen = JSON.parse(await text(answer.body)) as Record<string, string>;
    expect(seen["host"]).toMatch(/^127\.0\.0\.1:\d+$/);
    for (const [name, value] of Object.entries(headers)) expect(seen[name]).toBe(value);
    expect(seen["body"]).toBe(arrived);
  });

  it("to a proxy carries the whole URL, and the host that it is for", async () => {
    const here = await answering(({ url, headers }, response) => response.end(`${url} ${headers.host}`));
    const { body } = await here.ask({ target: "http://example.com/a?b", headers: { host: "example.com" } });
    expect(await text(body)).toBe("http://example.com/a?b example.com");
  });

  it("has the headers of its answer, a repeated one as a list", async () => {
    const here = await saying((socket) =>
      socket.end(`${HEAD}WWW-Authenticate: Basic\r\nwww-authenticate: Bearer\r\nX-One: 1\r\nContent-Length: 0\r\n\r\n`),
    );
    const { headers } = await here.ask();
    expect(headers).toMatchObject({ "www-authenticate": ["Basic", "Bearer"], "x-one": "1" });
  });
});

describe("a connection", () => {
  it.each(["text", "drain"])("is used again after %s", async (how) => {
    const here = await answering((_, response) => response.end("x".repeat(1000)));
    for (let round = 0; round < 3; round += 1) {
      const { body } = await here.ask();
      await (how === "text" ? text(body) : drain(body));
    }
    expect(here.opened).toHaveLength(1);
  });

  it.each([
    ["a body that is abandoned", async (body: Readable) => abandon(body)],
    ["a long body that is drained", (body: Readable) => drain(body)],
  ])("is closed after %s", async (_, leave) => {
    const here = await answering((__, response) => response.end("x".repeat(10_000_000)));
    const { body } = await here.ask();
    await leave(body);
    await drain((await here.ask()).body);
    expect(here.opened).toHaveLength(2);
    expect(here.opened[0]?.destroyed).toBe(true);
  });

  it("is opened for each of several requests at a time", async () => {
    const here = await answering((_, response) => setTimeout(() => response.end("x"), 20));
    await Promise.all([1, 2, 3].map(async () => text((await here.ask()).body)));
    expect(here.opened).toHaveLength(3);
  });

  it("that the server has closed is not used again", async () => {
    const here = await saying((socket) => socket.end(`${HEAD}Content-Length: 1\r\n\r\nx`));
    for (let round = 0; round < 2; round += 1) {
      await text((await here.ask()).body);
      await sleep(20);
    }
    expect(here.opened).toHaveLength(2);
  });

  it("is probed after half a minute of silence, when it is used again as well", async () => {
    const here = await answering((_, response) => response.end("x"));
    await text((await here.ask()).body);
    const { body } = await here.ask();
    const socket = here.opened[0] as Socket & { [state: symbol]: unknown };
    await text(body);
    // Node keeps what it has told the kernel by these names.
    const kept = Object.getOwnPropertySymbols(socket).map((symbol) => [symbol.description, socket[symbol]]);
    expect(Object.fromEntries(kept)).toMatchObject({ kSetKeepAlive: true, kSetKeepAliveInitialDelay: 30 });
  });

  it.each([
    ["at once", (socket: Socket) => socket.write(`${HEAD}Content-Length: 5\r\n\r\nhello`)],
    [
      "later",
      (socket: Socket) =>
        socket.write(`${HEAD}Content-Length: 5\r\n\r\n`, () => setTimeout(() => socket.write("hello"), 20)),
    ],
  ])("is not used again for a server that answers HEAD with a body, %s", async (_, say) => {
    const here = await saying(say);
    const asked = [await here.ask({ method: "HEAD" }), await here.ask({ method: "HEAD" })];
    for (const { statusCode, body } of asked) expect([statusCode, await text(body)]).toEqual([200, ""]);
    expect(here.opened).toHaveLength(2);
  });

  it("may bring more than its answer: that is not read", async () => {
    const here = await saying((socket) => socket.write(`${HEAD}Content-Length: 1\r\n\r\nxGARBAGE`));
    expect(await text((await here.ask()).body)).toBe("x");
  });

  it("that was lost before the request could use it is the request's error", async () => {
    const dead = new Duplex({ read: () => {}, write: () => {} });
    dead.destroy();
    await once(dead, "close");
    const connections = new Connections({ open: async () => dead });
    const asked = connections.request({ method: "GET", server: new URL("http://x"), target: "/", headers: {} });
    await expect(asked).rejects.toThrow("the server closed the connection");
  });

  it("ends after the request under way when no further one shall use it", async () => {
    let response: ServerResponse | undefined;
    const here = await answering((_, answer) => void (response = answer).write("a"));
    const { body } = await here.ask();
    here.connections.close();
    response?.end("b");
    expect(await text(body)).toBe("ab");
    await sleep(20);
    expect(here.opened[0]?.destroyed).toBe(true);
  });

  it("that cannot be opened is the request's error, as it was thrown", async () => {
    const refused = new Error("no way");
    const connections = new Connections({ open: () => Promise.reject(refused) });
    const asked = connections.request({ method: "GET", server: new URL("http://x"), target: "/", headers: {} });
    await expect(asked).rejects.toBe(refused);
  });

  it("that is not even tried is the request's error, too", async () => {
    const refused = new Error("a wrong proxy");
    const connections = new Connections({
      open() {
        throw refused;
      },
    });
    const asked = connections.request({ method: "GET", server: new URL("http://x"), target: "/", headers: {} });
    await expect(asked).rejects.toBe(refused);
  });

  it("that is opened after the request was given up is closed", async () => {
    const opening = Promise.withResolvers<Socket>();
    const here = await answering((_, response) => response.end());
    const connections = new Connections({ open: () => opening.promise });
    const asked = connections.request({ method: "GET", server: new URL("http://x"), target: "/", headers: {} });
    const failed = asked.catch((error: unknown) => error);
    await sleep(5);
    connections.destroy();
    expect(await failed).toMatchObject({ code: "ERR_CLOSED", message: "the connection was closed" });
    await drain((await here.ask()).body);
    const socket = here.opened[0] as Socket;
    const late = connect(socket.remotePort ?? 0, "127.0.0.1");
    await once(late, "connect");
    opening.resolve(late);
    await once(late, "close");
  });
});

/** What the request or, if it has an answer, its body fails with. */
async function failureOf(asked: Promise<Answer>): Promise<[where: string, error: Error & { code?: string }]> {
  let answer: Answer;
  try {
    answer = await asked;
  } catch (error) {
    return ["request", error as Error];
  }
  try {
    await buffer(answer.body);
  } catch (error) {
    return ["body", error as Error];
  }
  throw new Error("it did not fail");
}

describe("a failure", () => {
  it.each<[name: string, where: string, code: string, message: RegExp, say: (socket: Socket) => unknown]>([
    ["no answer", "request", "ECONNRESET", /^the server closed the connection$/, (socket) => socket.end()],
    [
      "half a head",
      "request",
      "ECONNRESET",
      /^the server closed the connection$/,
      (socket) => socket.end("HTTP/1.1 2"),
    ],
    ["a reset", "request", "ECONNRESET", /^read ECONNRESET$/, (socket) => socket.resetAndDestroy()],
    [
      "another protocol",
      "request",
      "HPE_INVALID_CONSTANT",
      /^Parse Error/,
      (socket) => socket.end("SSH-2.0-x\r\n\r\n"),
    ],
    [
      "a body that is too short",
      "body",
      "ECONNRESET",
      /^the server closed the connection$/,
      (socket) => socket.end(`${HEAD}Content-Length: 9\r\n\r\nx`),
    ],
    [
      "chunks without an end",
      "body",
      "ECONNRESET",
      /^the server closed the connection$/,
      (socket) => socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n`),
    ],
    [
      "a body that is reset",
      "body",
      "ECONNRESET",
      /^read ECONNRESET$/,
      (socket) =>
        socket.write(`${HEAD}Content-Length: 9\r\n\r\nx`, () => setTimeout(() => socket.resetAndDestroy(), 20)),
    ],
    [
      "another protocol in the body",
      "body",
      "HPE_INVALID_CHUNK_SIZE",
      /^Parse Error/,
      (socket) =>
        socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, () => setTimeout(() => socket.end("zz\r\n"), 20)),
    ],
    [
      "an upgrade that nobody asked for",
      "request",
      "ECONNRESET",
      /^the server switched to another protocol$/,
      (socket) => socket.write("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
    ],
  ])("of a server that sends %s comes in the %s", async (_, where, code, message, say) => {
    const here = await saying(say);
    const [found, error] = await failureOf(here.ask());
    expect([found, error.code]).toEqual([where, code]);
    expect(error.message).toMatch(message);
    await sleep(10);
    expect(here.opened[0]?.destroyed).toBe(true);
  });

  it.each<[where: string, say: (socket: Socket) => unknown]>([
    ["request", () => {}],
    ["body", (socket) => socket.write(`${HEAD}Content-Length: 9\r\n\r\nx`)],
  ])("by an abort comes in the %s, with the signal's reason", async (where, say) => {
    const here = await saying(say);
    const controller = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), 30);
    expect(await failureOf(here.ask({ signal: controller.signal }))).toEqual([where, reason]);
    expect(here.opened[0]?.destroyed).toBe(true);
  });

  it("by an abort before the request opens no connection", async () => {
    const here = await saying(() => {});
    const reason = new Error("enough");
    await expect(here.ask({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(here.opened).toEqual([]);
  });

  it.each<[where: string, say: (socket: Socket) => unknown]>([
    ["request", () => {}],
    ["body", (socket) => socket.write(`${HEAD}Content-Length: 9\r\n\r\nx`)],
  ])("by the end of all connections comes in the %s", async (where, say) => {
    const here = await saying(say);
    setTimeout(() => here.connections.destroy(), 30);
    const [found, error] = await failureOf(here.ask());
    expect([found, error.code, error.message]).toEqual([where, "ERR_CLOSED", "the connection was closed"]);
  });

  it.each<[where: string, what: string, say: (socket: Socket) => unknown]>([
    ["request", "no answer for 0.05 s", () => {}],
    ["body", "no data for 0.05 s", (socket) => socket.write(`${HEAD}Content-Length: 9\r\n\r\nx`)],
  ])("by silence comes in the %s", async (where, what, say) => {
    const here = await saying(say);
    const [found, error] = await failureOf(here.ask({ headersTimeout: 50, bodyTimeout: 50 }));
    expect([found, error.message]).toEqual([where, what]);
    expect(error).toBeInstanceOf(Silence);
    expect(here.opened[0]?.destroyed).toBe(true);
  });
});

describe("a limit for silence", () => {
  it.each<[what: string, limits: Partial<Question>]>([
    ["is off with 0", { headersTimeout: 0, bodyTimeout: 0 }],
    ["counts from the last byte", { headersTimeout: 500, bodyTimeout: 100 }],
  ])("%s", async (_, limits) => {
    const here = await answering(async (__, response) => {
      for (let byte = 0; byte < 5; byte += 1) {
        response.write("x");
        await sleep(40);
      }
      response.end();
    });
    expect(await text((await here.ask(limits)).body)).toBe("xxxxx");
  });

  it("does not count while the reader is the one who is waited for", async () => {
    const sent = "x".repeat(5_000_000);
    const here = await answering((_, response) => response.end(sent));
    const { body } = await here.ask({ bodyTimeout: 50 });
    await sleep(200);
    expect(await text(body)).toHaveLength(sent.length);
  });

  it("does not count while the request's body is on its way", async () => {
    const here = await answering(async (request, response) => response.end(await text(request)));
    async function* slow(): AsyncGenerator<string> {
      for (let byte = 0; byte < 6; byte += 1) {
        await sleep(40);
        yield "x";
      }
    }
    const { body } = await here.ask({ method: "PUT", body: Readable.from(slow()), headersTimeout: 150 });
    expect(await text(body)).toBe("xxxxxx");
  });
});

describe("a request's body", () => {
  it("that fails is the request's error", async () => {
    const here = await answering(async (request, response) => response.end(await text(request)));
    const broken = new Error("the disk is gone");
    const body = new Readable({ read: () => {} });
    body.push("x");
    setTimeout(() => body.destroy(broken), 20);
    await expect(here.ask({ method: "PUT", body })).rejects.toBe(broken);
    await sleep(10);
    expect(here.opened[0]?.destroyed).toBe(true);
  });

  it.each<[string, string, Partial<Question>]>([
    ["a header that cannot be sent", "Invalid character in header", { headers: { x: "a\nb" } }],
    ["an abort before it", "enough", { signal: AbortSignal.abort(new Error("enough")) }],
  ])("is closed after %s", async (_, message, question) => {
    const here = await answering(() => {});
    const body = Readable.from(["x"]);
    await expect(here.ask({ method: "PUT", body, ...question })).rejects.toThrow(message);
    expect(body.destroyed).toBe(true);
    expect(here.opened).toEqual([]);
  });

  it("is not read on when the server has answered and closed", async () => {
    const here = await saying((socket) => socket.end("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"));
    const body = new Readable({
      read() {
        setTimeout(() => this.push(Buffer.alloc(65_536)), 1);
      },
    });
    const answer = await here.ask({ method: "PUT", body });
    expect([answer.statusCode, await text(answer.body)]).toEqual([413, "big"]);
    await once(body, "close");
    expect(here.opened[0]?.destroyed).toBe(true);
  });
});
