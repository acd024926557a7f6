import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

/** @returns a port of an address of this machine on which nothing listens */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
