/** Connections through TLS and proxies, to a real listener. */
import { connect as connectTcp, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { ClusterError } from "../../../../src/errors.ts";
import { sendList } from "../../../fakes/api-server.ts";
import { CERTIFICATE, KEY } from "../../../fakes/api-server-certificate.ts";
import { PODS, failureOf, startHarness } from "./harness.ts";
import type { HarnessOptions } from "./harness.ts";

const tls = { cert: CERTIFICATE, key: KEY };
const ca = { "certificate-authority-data": Buffer.from(CERTIFICATE).toString("base64") };

async function listWith(options: HarnessOptions): Promise<readonly object[]> {
  await using harness = await startHarness(options);
  harness.server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", [{}]));
  return await harness.cluster.list("pods", {});
}

describe("TLS", () => {
  test("the kubeconfig's certificate authority is used", async () => {
    expect(await listWith({ tls, clusterFields: ca })).toHaveLength(1);
  });

  test("another server name is used", async () => {
    expect(await listWith({ tls, clusterFields: { ...ca, "tls-server-name": "api.example" } })).toHaveLength(1);
  });

  test("a certificate for another name is refused at once", async () => {
    const error = await failureOf(listWith({ tls, clusterFields: { ...ca, "tls-server-name": "other.example" } }));
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toMatch(/certificate of https:.* is not trusted/);
  });

  test("a certificate nobody vouches for is refused", async () => {
    const error = await failureOf(listWith({ tls }));
    expect(error.message).toMatch(/not trusted: self-signed certificate/);
    expect(error.suggestions?.[0]).toMatch("certificate-authority");
  });

  test("unless nobody asks", async () => {
    expect(await listWith({ tls, clusterFields: { "insecure-skip-tls-verify": true } })).toHaveLength(1);
  });

  test("https spoken to a server of plain http", async () => {
    await using harness = await startHarness();
    await using secure = await startHarness({ clusterFields: { server: harness.server.url.replace("http", "https") } });
    const error = await failureOf(secure.cluster.list("pods", {}));
    expect(error.message).toMatch(/^no TLS connection to https:.*wrong version number/);
  });
});

/** A listener that hands each connection over, and its URL. */
async function listen(scheme: string, serve: (socket: Socket) => void): Promise<{ url: string; close: () => void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    serve(socket.on("error", () => {}));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `${scheme}://user:pass@127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function join(client: Socket, host: string, port: number, greeting: Buffer): void {
  const upstream = connectTcp(port, host, () => {
    client.write(greeting);
    client.pipe(upstream).pipe(client);
  });
  upstream.on("error", () => client.destroy());
  client.on("close", () => upstream.destroy());
}

/** A proxy that speaks CONNECT, in as many pieces as it can. */
function serveConnect(seen: string[]) {
  return (client: Socket): void => {
    let head = "";
    client.on("data", function read(chunk: Buffer) {
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      client.off("data", read);
      seen.push(head);
      const [, host = "", port = ""] = /^CONNECT ([^:]+):(\d+)/.exec(head) ?? [];
      client.write("HTTP/1.1 200 Connection");
      setTimeout(() => join(client, host, Number(port), Buffer.from(" established\r\nVia: x\r\n\r\n")), 10);
    });
  };
}

/** A SOCKS5 proxy that wants a password. */
function serveSocks(seen: string[]) {
  return (client: Socket): void => {
    const steps: ((chunk: Buffer) => void)[] = [
      () => client.write(Buffer.from([5, 2])),
      (login) => {
        seen.push(login.toString("latin1"));
        client.write(Buffer.from([1, 0]));
      },
      (request) => {
        const host =
          request[3] === 1 ? [...request.subarray(4, 8)].join(".") : request.subarray(5, 5 + request[4]!).toString();
        seen.push(host);
        client.removeAllListeners("data");
        join(
          client,
          "127.0.0.1",
          request.readUInt16BE(request.length - 2),
          Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        );
      },
    ];
    client.on("data", (chunk) => steps.shift()?.(chunk));
  };
}

describe("proxies", () => {
  test("CONNECT, with a password, to a TLS server", async () => {
    const seen: string[] = [];
    const proxy = await listen("http", serveConnect(seen));
    expect(await listWith({ tls, clusterFields: { ...ca, "proxy-url": proxy.url } })).toHaveLength(1);
    expect(seen[0]).toMatch(/^CONNECT 127\.0\.0\.1:\d+ HTTP\/1\.1\r\n/);
    expect(seen[0]).toMatch("proxy-authorization: Basic dXNlcjpwYXNz");
    proxy.close();
  });

  test("SOCKS5, with a password", async () => {
    const seen: string[] = [];
    const proxy = await listen("socks5", serveSocks(seen));
    expect(await listWith({ clusterFields: { "proxy-url": proxy.url } })).toHaveLength(1);
    expect(seen).toEqual(["\x01\x04user\x04pass", "127.0.0.1"]);
    proxy.close();
  });

  test.each([
    [
      "http",
      (socket: Socket) => void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
      /answered "407 Proxy Auth/,
    ],
    ["http", (socket: Socket) => void socket.end("nonsense\r\n\r\n"), /answered "no HTTP"/],
    [
      "socks5",
      (socket: Socket) => void socket.end(Buffer.from([5, 0xff])),
      /SOCKS proxy gave no connection: .*no accepted authentication type/,
    ],
    [
      "socks5",
      (socket: Socket) => void socket.end("HTTP/1.1 400\r\n\r\n"),
      /SOCKS proxy gave no connection: .*invalid socks version/,
    ],
  ])("%s that refuses", async (scheme, serve, message) => {
    const proxy = await listen(scheme, (socket) => void socket.once("data", () => serve(socket)));
    const error = await failureOf(listWith({ clusterFields: { "proxy-url": proxy.url } }));
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/through the proxy/);
    expect(error.message).not.toMatch("pass");
    proxy.close();
  });

  test("the error about an unreachable proxy names it without its password", async () => {
    const error = await failureOf(listWith({ clusterFields: { "proxy-url": "http://user:pass@127.0.0.1:9" } }));
    expect(error.message).toMatch("through the proxy http://127.0.0.1:9 cannot be reached: connection refused");
    expect(error.suggestions?.join(" ")).toMatch("NO_PROXY");
  });
});
