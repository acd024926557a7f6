/** Every kind of server through every kind of proxy, and with every way to trust its certificate. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp, request as requestHttp } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { connect as connectTcp } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { systemCertificates } from "../../../../src/lib/http/trusted-certificates.ts";
import { connect } from "../../../../src/lib/kube/connect.ts";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { findManifest } from "../../../../src/lib/registry/copy-image.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";
import { readVault } from "../../../../src/lib/vault/read-vault.ts";
import { download } from "../../../../src/plan/source/download.ts";
import { CERTIFICATE, KEY } from "../../../fakes/api-server-certificate.ts";

/** A name in the certificate that no name server knows: it is reached through a proxy only. */
const NAME = "api.example";

let directory: string;
let secure: Server;
let plain: Server;
let proxy: Server;
let secureProxy: Server;
/** What the proxies were asked: the method, the target and the login. */
let asked: string[];
const sockets = new Set<Socket>();

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? "";
  if (url.startsWith("/v1/sys/internal/ui/mounts/")) response.end('{"data":{"path":"kv/","options":{"version":"1"}}}');
  else if (url.startsWith("/v1/")) response.end('{"data":{"field":"value"}}');
  else if (url === "/version") response.end('{"gitVersion":"v1"}');
  else response.end("{}");
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Makes connections to the servers of this test, whatever is asked for, and passes on requests for plain http. */
function serveAsProxy(server: Server): Server {
  const note = ({ method, url, headers }: IncomingMessage): void => {
    const login = Buffer.from((headers["proxy-authorization"] ?? "").replace("Basic ", ""), "base64").toString();
    asked.push([method, url, login].join(" ").trim());
  };
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    note(request);
    const upstream = connectTcp(portOf(request.url?.endsWith(":80") === true ? plain : secure), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    note(request);
    const { pathname, search } = new URL(request.url ?? "", "http://x");
    const onward = { port: portOf(plain), host: "127.0.0.1", path: `${pathname}${search}`, headers: request.headers };
    requestHttp(onward, (from) => from.pipe(response)).end();
  });
  return server;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "slipway-network-"));
  writeFileSync(join(directory, "ca.crt"), CERTIFICATE);
  const tls = { cert: CERTIFICATE, key: KEY };
  secure = createHttps(tls, answer);
  plain = createHttp(answer);
  proxy = serveAsProxy(createHttp());
  secureProxy = serveAsProxy(createHttps(tls));
  for (const server of [secure, plain, proxy, secureProxy]) {
    server.on("connection", (socket) => sockets.add(socket));
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
  }
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of [secure, plain, proxy, secureProxy]) server.close();
  rmSync(directory, { recursive: true });
});

beforeEach(() => {
  asked = [];
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"]) {
    vi.stubEnv(name, "");
    vi.stubEnv(name.toLowerCase(), "");
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A kind of server, asked by the code that a command uses. @param origin `https://HOST:PORT` */
interface Kind {
  readonly kind: string;
  readonly ask: (origin: string) => Promise<unknown>;
}

const KINDS: readonly Kind[] = [
  {
    kind: "a registry",
    ask: (origin) => {
      const { protocol, host } = new URL(origin);
      const insecure = protocol === "http:" ? [host] : [];
      const client = new RegistryClient({ insecure, credential: async () => undefined, timeout: 5000 });
      return findManifest(client, new Reference({ registry: host, repository: "a", tag: "1" }));
    },
  },
  {
    kind: "a context's URL",
    ask: (origin) => buffer(download(`${origin}/x.tar`, new AbortController().signal)),
  },
  {
    kind: "Vault",
    ask: (origin) =>
      readVault([{ path: "kv/a", field: "field" }], { ...process.env, VAULT_ADDR: origin, VAULT_TOKEN: "t" }),
  },
  { kind: "the API server", ask: (origin) => version({ server: origin }) },
];

async function version(cluster: object): Promise<string> {
  const kubeconfig = join(directory, "kubeconfig");
  const contexts = [{ name: "c", context: { cluster: "k", user: "u" } }];
  const users = [{ name: "u", user: {} }];
  const clusters = [{ name: "k", cluster }];
  writeFileSync(kubeconfig, JSON.stringify({ "current-context": "c", contexts, users, clusters }));
  const cluster_ = await connect({ kubeconfig });
  try {
    return await cluster_.version(AbortSignal.timeout(10_000));
  } finally {
    await cluster_.close();
  }
}

const trust = (): void => void vi.stubEnv("SSL_CERT_FILE", join(directory, "ca.crt"));

describe.each(KINDS)("$kind", ({ ask }) => {
  it.each(["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])(
    "is asked through the proxy of %s, with its password",
    async (name) => {
      trust();
      vi.stubEnv(name, `http://me:p%40ss@127.0.0.1:${portOf(proxy)}`);
      await ask(`https://${NAME}`);
      expect(new Set(asked)).toEqual(new Set([`CONNECT ${NAME}:443 me:p@ss`]));
    },
  );

  it("is asked through a proxy that is itself https, whose certificate is checked by the same list", async () => {
    trust();
    vi.stubEnv("HTTPS_PROXY", `https://me:pass@localhost:${portOf(secureProxy)}`);
    await ask(`https://${NAME}:8443`);
    expect(new Set(asked)).toEqual(new Set([`CONNECT ${NAME}:8443 me:pass`]));
  });

  it("of plain http is asked through the proxy of HTTP_PROXY, with its password", async () => {
    vi.stubEnv("HTTP_PROXY", `http://me:pass@127.0.0.1:${portOf(proxy)}`);
    await ask(`http://${NAME}`);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((line) => !line.endsWith(" me:pass") || !line.includes(NAME))).toEqual([]);
  });

  it.each(["*", NAME, ".example", `other,${NAME}:443`])(
    "is asked without it where NO_PROXY is %s",
    async (exceptions) => {
      vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${portOf(proxy)}`);
      vi.stubEnv("NO_PROXY", exceptions);
      // No name server knows it.
      await expect(ask(`https://${NAME}`)).rejects.toThrow(NAME);
      expect(asked).toEqual([]);
    },
  );

  it("on this machine is asked without a proxy", async () => {
    trust();
    vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${portOf(proxy)}`);
    await ask(`https://127.0.0.1:${portOf(secure)}`);
    expect(asked).toEqual([]);
  });

  it("with a certificate that nobody knows is refused", async () => {
    await expect(ask(`https://127.0.0.1:${portOf(secure)}`)).rejects.toThrow(/self-signed certificate/);
  });

  it("is trusted by a certificate in SSL_CERT_FILE", async () => {
    trust();
    await expect(ask(`https://127.0.0.1:${portOf(secure)}`)).resolves.toBeDefined();
  });

  it("is trusted by a certificate in one of several directories of SSL_CERT_DIR", async () => {
    mkdirSync(join(directory, "certs"), { recursive: true });
    writeFileSync(
      join(directory, "certs", "broken.pem"),
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    writeFileSync(join(directory, "certs", "any-name"), `some text\n${CERTIFICATE}`);
    vi.stubEnv("SSL_CERT_DIR", `/nonexistent:${join(directory, "certs")}`);
    await expect(ask(`https://127.0.0.1:${portOf(secure)}`)).resolves.toBeDefined();
  });
});

describe("a kubeconfig's proxy-url", () => {
  it("has a password as well, and comes before HTTPS_PROXY and NO_PROXY", async () => {
    vi.stubEnv("HTTPS_PROXY", "http://127.0.0.1:1");
    vi.stubEnv("NO_PROXY", "*");
    const caData = Buffer.from(CERTIFICATE).toString("base64");
    const own = { "proxy-url": `http://me:pass@127.0.0.1:${portOf(proxy)}`, "certificate-authority-data": caData };
    expect(await version({ server: `https://${NAME}`, ...own })).toBe("v1");
    expect(new Set(asked)).toEqual(new Set([`CONNECT ${NAME}:443 me:pass`]));
  });
});

describe("the machine's certificates, as Go finds them", () => {
  it("SSL_CERT_FILE replaces the list of files, and SSL_CERT_DIR that of directories", () => {
    const empty = mkdtempSync(join(directory, "empty-"));
    const only = { SSL_CERT_FILE: join(directory, "ca.crt"), SSL_CERT_DIR: empty };
    expect(systemCertificates(only, "linux").map((pem) => pem.trim())).toEqual([CERTIFICATE.trim()]);
    expect(systemCertificates({ SSL_CERT_FILE: "/nonexistent", SSL_CERT_DIR: empty }, "linux")).toEqual([]);
  });

  it("several certificates in a file all count, and each once", () => {
    const file = join(directory, "several.pem");
    writeFileSync(file, `# one\n${CERTIFICATE}\n# the same\n${CERTIFICATE}\nend`);
    expect(systemCertificates({ SSL_CERT_FILE: file, SSL_CERT_DIR: "/nonexistent" }, "linux")).toHaveLength(1);
  });
});
