/** The program against servers that try to get at a credential or to fill its memory, and in networks as people have them. */
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttp } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { rootCertificates } from "node:tls";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CERTIFICATE, KEY } from "../fakes/api-server-certificate.ts";
import { slipway } from "./support/slipway.ts";

const PASSWORD = "hunter2";
const CONFIG = "{}";
const DIGEST = `sha256:${createHash("sha256").update(CONFIG).digest("hex")}`;
const MANIFEST = JSON.stringify({ schemaVersion: 2, config: { digest: DIGEST }, layers: [] });

let directory: string;
const servers: Server[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-origin-"));
  await writeFile(join(directory, "ca.crt"), CERTIFICATE);
  await writeFile(join(directory, "Dockerfile"), "FROM scratch\n");
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  await rm(directory, { recursive: true });
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(answer: Answer, secure = false): Promise<{ host: string; authorizations: string[] }> {
  const authorizations: string[] = [];
  const serve: Answer = (request, response) => {
    authorizations.push(request.headers.authorization ?? "");
    request.resume();
    answer(request, response);
  };
  const server = secure ? createHttps({ cert: CERTIFICATE, key: KEY }, serve) : createHttp(serve);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, authorizations };
}

const asVictim = (host: string): Record<string, string> => ({
  DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [host]: { username: "victim", password: PASSWORD } } }),
  HOME: directory,
});

it("a registry's upload to another host gets no password", async () => {
  const other = await listen((_, response) => response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end());
  const registry = await listen((request, response) => {
    if (request.headers.authorization === undefined)
      response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
    else if (request.method === "HEAD") response.writeHead(404).end();
    else if (request.method === "POST")
      response
        .writeHead(202, { location: `http://${other.host.replace("127.0.0.1", "localhost")}/upload/1?x=y` })
        .end();
    else response.end(request.url?.includes("/blobs/") === true ? CONFIG : MANIFEST);
  });
  const run = await slipway(["tag", `${registry.host}/src:1`, `${registry.host}/dst:1`], {
    env: asVictim(registry.host),
  });
  expect(run.code).not.toBe(0);
  expect(other.authorizations).toEqual([""]);
  expect(run.output).not.toContain("x=y");
});

it("a token service of plain http gets no password for a registry of https", async () => {
  const service = await listen((_, response) => void response.end('{"token":"t"}'));
  const registry = await listen((_, response) => {
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${service.host}/token"` }).end();
  }, true);
  const args = ["push", `${registry.host}/a:1`, "--registry-ca", join(directory, "ca.crt")];
  const run = await slipway(args, { env: asVictim(registry.host) });
  expect(run.code).not.toBe(0);
  expect(service.authorizations).toEqual([]);
  expect(run.stderr).toContain(`its token service http://${service.host}/token is plain http`);
});

it("a context's password is not sent over http after https", async () => {
  const plain = await listen((_, response) => void response.end("FROM scratch\n"));
  const secure = await listen((_, response) => {
    response.writeHead(302, { location: `http://${plain.host}/x.tar` }).end();
  }, true);
  const run = await slipway(["context", `https://victim:${PASSWORD}@${secure.host}/x.tar`], {
    env: { NODE_EXTRA_CA_CERTS: join(directory, "ca.crt"), HOME: directory },
  });
  expect(run.code).not.toBe(0);
  expect(plain.authorizations).toEqual([]);
  expect(run.stderr).toContain(`https://${secure.host}/x.tar cannot be fetched: it redirects from https to http`);
});

it.each([
  ["a password with an @", "http://bot:p@ssw0rd-tail@127.0.0.1:9/x.tar"],
  ["a signature", "http://127.0.0.1:9/x.tar?X-Amz-Signature=ssw0rd-tail"],
  ["a password of a repository", "http://bot:p@ssw0rd-tail@127.0.0.1:9/x.git"],
])("%s in a context's URL is not shown", async (_, url) => {
  const run = await slipway(["context", url], { env: { HOME: directory } });
  expect(run.code).toBe(1);
  expect(run.output).toContain("http://127.0.0.1:9/x.");
  expect(run.output).not.toContain("tail");
});

it("a remote's password with an @ is in no label", async () => {
  const git = (...args: string[]): unknown => execFileSync("git", ["-C", directory, ...args]);
  git("init", "--quiet");
  git("remote", "add", "origin", "https://bot:p@ssw0rd-tail@git.example.com/a.git");
  const run = await slipway(["build", "--dry-run", "--no-credentials", "-t", "r.example.com/a", "."], {
    cwd: directory,
    env: { BUILDX_GIT_LABELS: "full" },
  });
  expect(run.output).toContain("org.opencontainers.image.source=https://git.example.com/a.git");
  expect(run.output).not.toContain("tail");
});

it("a registry that sends without end does not fill the memory", async () => {
  const chunk = Buffer.alloc(64 * 1024, "x");
  let sent = 0;
  const registry = await listen((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
    };
    response.on("drain", more);
    more();
  });
  const run = await slipway(["push", `${registry.host}/a:1`], { env: asVictim(registry.host) });
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("it sent more than 16.8 MB");
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});

it("NODE_EXTRA_CA_CERTS counts together with --registry-ca", async () => {
  const registry = await listen((_, response) => void response.end(MANIFEST), true);
  const other = join(directory, "other.crt");
  await writeFile(other, rootCertificates[0] ?? "");
  const run = await slipway(["push", `${registry.host}/a:1`, "--registry-ca", other], {
    env: { NODE_EXTRA_CA_CERTS: join(directory, "ca.crt"), HOME: directory },
  });
  expect([run.code, run.stderr]).toEqual([0, expect.not.stringContaining("certificate")]);
});

it.each([["SSL_CERT_FILE"], ["SSL_CERT_DIR"]])("%s counts for a registry", async (name) => {
  const registry = await listen((_, response) => void response.end(MANIFEST), true);
  const value = name === "SSL_CERT_FILE" ? join(directory, "ca.crt") : directory;
  const run = await slipway(["push", `${registry.host}/a:1`], { env: { [name]: value, HOME: directory } });
  expect([run.code, run.stderr]).toEqual([0, expect.not.stringContaining("certificate")]);
});

it("a registry is asked through HTTPS_PROXY", async () => {
  const asked: string[] = [];
  const proxy = createHttp();
  servers.push(proxy);
  proxy.on("connect", ({ url }: IncomingMessage, socket) => {
    asked.push(url ?? "");
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, "127.0.0.1", resolve);
  });
  const run = await slipway(["push", "registry.example.com/a:1"], {
    env: { HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, HOME: directory },
  });
  expect(run.code).toBe(1);
  expect(asked).toEqual(["registry.example.com:443"]);
  expect(run.stderr).toContain('the proxy answered "403 Forbidden"');
});

it("a credential plugin's line is seen while the plugin waits", async () => {
  const plugin = join(directory, "plugin");
  const go = join(directory, "go");
  await writeFile(
    plugin,
    `#!/bin/sh\necho 'enter ABCD-EFGH' >&2\nwhile [ ! -e ${go} ]; do sleep 0.05; done\necho '{"kind":"ExecCredential"}'\n`,
    { mode: 0o755 },
  );
  const kubeconfig = {
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
    clusters: [{ name: "k", cluster: { server: "http://127.0.0.1:1" } }],
    users: [{ name: "u", user: { exec: { apiVersion: "client.authentication.k8s.io/v1", command: plugin } } }],
  };
  await writeFile(join(directory, "kubeconfig"), JSON.stringify(kubeconfig));
  // The plugin ends only once its line has been seen.
  const run = await slipway(["ps", "--kubeconfig", join(directory, "kubeconfig")], {
    onStderr: (text) => {
      if (text.includes("ABCD-EFGH")) writeFileSync(go, "");
    },
  });
  expect(run.code).toBe(4);
  expect(run.stderr).toContain(`credential plugin ${plugin} gave no usable answer: it has no status`);
});
