import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
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

it("does not wait for ever for the answer to an upgrade, on a connection that is open already", async () => {
  const { port } = server.address() as AddressInfo;
  const open = () =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () =>
        resolve({ socket, credentials: { headers: { for: () => ({}) }, tls: {} } }),
      );
    });
  const location = { server: `http://127.0.0.1:${port}`, context: "c", namespace: "n" };
  const attempt = { verb: "create", resource: "pods/exec", name: "pod" } as const;
  const url = new URL(`${location.server}/exec`);
  const { signal } = new AbortController();
  const upgrading = upgrade(
    { open } as unknown as HttpClient,
    location,
    attempt,
    url,
    ["v5.channel.k8s.io"],
    signal,
    100,
  );
  await expect(upgrading).rejects.toThrow("no answer to the websocket upgrade within 0.1 s");
});
