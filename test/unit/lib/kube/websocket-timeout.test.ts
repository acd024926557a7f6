import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { upgrade } from "../../../../src/lib/kube/websocket.ts";
import type { HttpClient } from "../../../../src/lib/kube/http-client.ts";

let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer((socket) => sockets.push(socket.on("error", () => {})));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

const attempt = { verb: "create", resource: "pods/exec", name: "pod" } as const;

function begin(signal: AbortSignal, timeout?: number): Promise<unknown> {
  const { port } = server.address() as AddressInfo;
  const open = () =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () =>
        resolve({ socket, credentials: { headers: { for: () => ({}) }, tls: {} } }),
      );
      socket.on("error", () => {});
    });
  const http = { open, answered: true, settling: false } as unknown as HttpClient;
  const location = { server: `http://127.0.0.1:${port}`, context: "c", namespace: "n" };
  const url = new URL(`${location.server}/exec`);
  return upgrade(http, location, attempt, url, ["v5.channel.k8s.io"], signal, timeout);
}

it("does not wait for ever for the answer to an upgrade, on a connection that is open already", async () => {
  const { signal } = new AbortController();
  await expect(begin(signal, 100)).rejects.toThrow("no answer to the websocket upgrade within 0.1 s");
});

// An open connection would keep the process running after its work is done.
describe("an upgrade closes its connection", () => {
  const REFUSAL = "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\ngone";
  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      if (socket.resume().closed) resolve();
      else socket.once("close", () => resolve());
    });

  it("when it is aborted before the connection is open", async () => {
    const controller = new AbortController();
    const connected = once(server, "connection");
    const upgrading = begin(controller.signal);
    controller.abort(new Error("enough"));
    await expect(upgrading).rejects.toThrow("enough");
    await closed(((await connected) as [Socket])[0]);
  });

  it("when it is aborted before it is answered", async () => {
    const controller = new AbortController();
    const upgrading = begin(controller.signal);
    const [socket] = (await once(server, "connection")) as [Socket];
    await once(socket, "data");
    controller.abort(new Error("enough"));
    await expect(upgrading).rejects.toThrow("enough");
    await closed(socket);
  });

  it("when it is aborted while the refusal is read", async () => {
    const controller = new AbortController();
    const upgrading = begin(controller.signal);
    const [socket] = (await once(server, "connection")) as [Socket];
    await once(socket, "data");
    socket.write(REFUSAL.slice(0, -1), () => setImmediate(() => controller.abort(new Error("enough"))));
    await expect(upgrading).rejects.toThrow("enough");
    await closed(socket);
  });

  it("when the body of the refusal does not end", async () => {
    const upgrading = begin(new AbortController().signal, 3000);
    const [socket] = (await once(server, "connection")) as [Socket];
    await once(socket, "data");
    socket.write(REFUSAL.slice(0, -1));
    await expect(upgrading).rejects.toThrow("pod");
    await closed(socket);
  });

  it("when it is refused", async () => {
    const upgrading = begin(new AbortController().signal);
    const [socket] = (await once(server, "connection")) as [Socket];
    await once(socket, "data");
    socket.write(REFUSAL);
    await expect(upgrading).rejects.toThrow("pod");
    await closed(socket);
  });
});
