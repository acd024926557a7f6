/** A way to the API server that a test has in its hand: it keeps requests back, cuts what is open, and knows what was refused. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request as ask } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { request as askSecurely } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

interface Kubeconfig {
  readonly clusters: { cluster: { server: string; "certificate-authority-data"?: string } }[];
  readonly users: { user: object }[];
}

export interface Detour {
  /** The same account by this way. Gone when the test is over, as the way itself is. */
  readonly kubeconfig: string;
  /** How many requests the API server has answered with 401. */
  readonly refused: () => number;
  /** Cuts every connection. The next ones get through. */
  readonly cut: () => void;
}

export interface DetourOptions {
  /** Given `METHOD /path?query`: a promise that the request waits for. */
  readonly hold?: (request: string) => Promise<void> | undefined;
  /** Who asks, as a kubeconfig says it: in place of the account. */
  readonly user?: object;
}

let count = 0;

/** @param kubeconfig in JSON, with a token; websockets do not get through. */
export async function detour(kubeconfig: string, { hold, user }: DetourOptions = {}): Promise<Detour> {
  const config = JSON.parse(await readFile(kubeconfig, "utf8")) as Kubeconfig;
  const cluster = config.clusters[0]?.cluster;
  if (cluster === undefined) throw new Error(`${kubeconfig} names no cluster`);
  const { server, "certificate-authority-data": authority } = cluster;
  const ca = authority === undefined ? {} : { ca: Buffer.from(authority, "base64") };
  const send = server.startsWith("https:") ? askSecurely : ask;
  let refused = 0;
  const carry = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url = "", headers } = request;
    await hold?.(`${method} ${url}`);
    const onward = send(new URL(url, server), { method, headers, ...ca }, (answer) => {
      if (answer.statusCode === 401) refused += 1;
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  };
  const proxy = createServer((request, response) => void carry(request, response));
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  cluster.server = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  if (user !== undefined) for (const entry of config.users) entry.user = user;
  const path = kubeconfig.replace(/\.json$/, `-detour-${count++}.json`);
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  onTestFinished(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await rm(path, { force: true });
  });
  return { kubeconfig: path, refused: () => refused, cut: () => proxy.closeAllConnections() };
}
