/** A proxy for apt: pods of the test cluster reach this machine, and nothing further away. */
import { createServer, request as ask } from "node:http";
import type { AddressInfo } from "node:net";

export interface AptProxy {
  readonly url: string;
  readonly close: () => void;
}

/** @param host an address of this machine that pods reach */
export async function aptProxy(host: string): Promise<AptProxy> {
  const proxy = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    // Only what apt does.
    if (method !== "GET" || !URL.canParse(url)) return void response.writeHead(400).end();
    const onward = ask(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    onward.end();
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, host, resolve);
  });
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    close: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}
