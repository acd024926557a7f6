/** Connections to a port of a pod, in the kubelet's protocol. */
import { once } from "node:events";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { startHarness } from "./harness.ts";

const send = (ws: WebSocket, channel: number, payload: Buffer | string): void =>
  ws.send(Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]));

/** How the kubelet begins: the port's number on the channel of the data and on that of the errors. */
function begin(ws: WebSocket): void {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(28_372);
  send(ws, 0, number);
  send(ws, 1, number);
}

test("bytes go both ways, and the numbers with which the kubelet begins are not among them", async () => {
  await using harness = await startHarness();
  harness.server.onExec((ws) => {
    begin(ws);
    ws.on("message", (data: Buffer) => send(ws, 0, `echo ${data.subarray(1).toString()}`));
  });
  const pipe = await harness.cluster.port("p", 28_372, AbortSignal.timeout(20_000));
  pipe.write("hello");
  expect(String((await once(pipe, "data"))[0])).toBe("echo hello");
  pipe.destroy();
  const { url, headers } = harness.server.requests[0]!;
  expect([url.pathname, url.search]).toEqual(["/api/v1/namespaces/ns/pods/p/portforward", "?ports=28372"]);
  expect(headers["sec-websocket-protocol"]).toBe("v4.channel.k8s.io");
});

test("a port at which nothing listens ends the stream, which says why", async () => {
  await using harness = await startHarness();
  harness.server.onExec((ws) => {
    begin(ws);
    send(ws, 1, "connect: connection refused");
  });
  const pipe = await harness.cluster.port("p", 1, AbortSignal.timeout(20_000));
  pipe.resume();
  await once(pipe, "end");
  expect(pipe.complaints).toBe("connect: connection refused");
  pipe.destroy();
});

test("a connection that is lost is an error that names the port", async () => {
  await using harness = await startHarness();
  harness.server.onExec((ws) => {
    begin(ws);
    ws.terminate();
  });
  const pipe = await harness.cluster.port("p", 1, AbortSignal.timeout(20_000));
  pipe.resume();
  const [error] = (await once(pipe, "error")) as [Error];
  expect(error.message).toBe('the connection to the port 1 of the pod "p" was lost (closed with 1006)');
});

test("aborting ends the connection", async () => {
  await using harness = await startHarness();
  harness.server.onExec(begin);
  const controller = new AbortController();
  const pipe = await harness.cluster.port("p", 1, controller.signal);
  const failed = once(pipe, "error");
  controller.abort(new Error("enough"));
  expect(String(await failed)).toContain("enough");
});
