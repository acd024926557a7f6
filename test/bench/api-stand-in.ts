/** A stand-in for an API server, with TLS. It reports when the first request arrives, and refuses every request. */
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { mustRun } from "./command.ts";

export interface StandIn extends AsyncDisposable {
  /** Path of a kubeconfig for this server. */
  readonly kubeconfig: string;
  /** Waits for the next request. @returns when it arrived, by performance.now() in milliseconds */
  firstRequest(): Promise<number>;
}

export async function startStandIn(directory: string): Promise<StandIn> {
  const certificate = join(directory, "server.crt");
  const key = join(directory, "server.key");
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  await mustRun("openssl", [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    key,
    "-out",
    certificate,
    ...subject,
  ]);
  let arrived: ((at: number) => void) | undefined;
  const server = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (_, response) => {
    arrived?.(performance.now());
    arrived = undefined;
    response.writeHead(403, { "content-type": "application/json" });
    response.end(
      JSON.stringify({
        kind: "Status",
        status: "Failure",
        reason: "Forbidden",
        message: "this is no cluster",
        code: 403,
      }),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigFor(`https://127.0.0.1:${port}`, certificate));
  return {
    kubeconfig,
    firstRequest: () =>
      new Promise((resolve) => {
        arrived = resolve;
      }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function kubeconfigFor(server: string, certificate: string): string {
  return `apiVersion: v1
kind: Config
current-context: bench
contexts: [{name: bench, context: {cluster: bench, user: bench}}]
clusters: [{name: bench, cluster: {server: "${server}", certificate-authority: "${certificate}"}}]
users: [{name: bench, user: {token: bench}}]
`;
}
