/** Every function that sends a request × where the server leads it: its own origin, another host, another port, from https to http. */
import { createHash } from "node:crypto";
import { createServer as createHttp } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pushCheck } from "../../../../src/app/doctor/registry-check.ts";
import { copyImage, findManifest, listTags } from "../../../../src/lib/registry/copy-image.ts";
import { attach } from "../../../../src/lib/registry/referrer.ts";
import { readBaseImage } from "../../../../src/lib/registry/base-image.ts";
import { drain } from "../../../../src/lib/http/read-body.ts";
import { HttpClient } from "../../../../src/lib/kube/http-client.ts";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";
import { readVault } from "../../../../src/lib/vault/read-vault.ts";
import { download } from "../../../../src/plan/source/download.ts";
import { CERTIFICATE, KEY } from "../../../fakes/api-server-certificate.ts";

const PASSWORD = "hunter2";
const directory = mkdtempSync(join(tmpdir(), "slipway-origins-"));
const caFile = join(directory, "ca.crt");
writeFileSync(caFile, CERTIFICATE);
const defaults = getCACertificates("default");
beforeAll(() => setDefaultCACertificates([...defaults, CERTIFICATE]));
afterAll(() => {
  setDefaultCACertificates(defaults);
  rmSync(directory, { recursive: true });
});

/** What a server was sent. */
interface Seen {
  readonly method: string;
  readonly path: string;
  readonly secrets: readonly string[];
  readonly body: string;
}

interface Listener {
  readonly origin: string;
  readonly host: string;
  readonly seen: Seen[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(secure: boolean, address = "127.0.0.1", port = 0): Promise<Listener> {
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const { authorization, "x-vault-token": token } = request.headers;
    void (async () => {
      const body = await buffer(request);
      const secrets = [authorization, token].flat().filter((value) => value !== undefined);
      listener.seen.push({ method: request.method ?? "", path: request.url ?? "", secrets, body: body.toString() });
      listener.answer(request, response);
    })();
  };
  const server = secure ? createHttps({ cert: CERTIFICATE, key: KEY }, serve) : createHttp(serve);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(port, address, resolve);
  });
  const host = `${address}:${(server.address() as AddressInfo).port}`;
  const answer: Listener["answer"] = (_, response) => response.writeHead(404).end();
  const listener: Listener = { origin: `${secure ? "https" : "http"}://${host}`, host, seen: [], answer };
  return listener;
}

const MANIFEST = JSON.stringify({ schemaVersion: 2, config: { digest: sum("config"), size: 6 }, layers: [] });

function sum(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** A registry that wants a login, and leads the requests that match to a place on another server. */
function asRegistry(listener: Listener, leads: RegExp, how: (response: ServerResponse, url: string) => void): void {
  listener.answer = (request, response) => {
    const url = request.url ?? "";
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
    } else if (leads.test(`${request.method} ${url}`)) {
      how(response, url);
    } else if (url.includes("/manifests/") && request.method === "GET") {
      response.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" }).end(MANIFEST);
    } else if (request.method === "PUT") {
      response.writeHead(201).end();
    } else if (request.method === "HEAD") {
      response.writeHead(404).end();
    } else {
      response.end("config");
    }
  };
}

const credential = async () => ({ username: "victim", password: PASSWORD });
const clientOf = (insecure: readonly string[] = []): RegistryClient =>
  new RegistryClient({ insecure, credential, timeout: 5000, ca: CERTIFICATE });
const imageOf = ({ host }: Listener, repository = "src"): Reference =>
  new Reference({ registry: host, repository, tag: "1" });

/** One way in which a server leads a request elsewhere. */
interface Way {
  readonly name: string;
  /** Makes the first server lead to `to`, and sends the request. */
  readonly run: (first: Listener, to: string) => Promise<unknown>;
}

const redirect = (to: string) => (response: ServerResponse) => response.writeHead(307, { location: to }).end();
const uploadAt = (to: string) => (response: ServerResponse) => response.writeHead(202, { location: to }).end();

const WAYS: readonly Way[] = [
  {
    name: "a manifest is redirected",
    run: (first, to) => {
      asRegistry(first, /^GET .*manifests/, redirect(to));
      return findManifest(clientOf(), imageOf(first));
    },
  },
  {
    name: "a blob that is streamed is redirected",
    run: (first, to) => {
      asRegistry(first, /^GET .*blobs/, redirect(to));
      return clientOf().stream(imageOf(first), `blobs/${sum("config")}`, ({ body }) => buffer(body));
    },
  },
  {
    name: "the configuration of a base image is redirected",
    run: (first, to) => {
      asRegistry(first, /^GET .*blobs/, redirect(to));
      return readBaseImage(imageOf(first), { insecure: [], credential, timeout: 5000, ca: CERTIFICATE });
    },
  },
  {
    name: "an upload of a copied blob has its location",
    run: (first, to) => {
      asRegistry(first, /^POST /, uploadAt(to));
      return copyImage(clientOf(), imageOf(first), imageOf(first, "dst"));
    },
  },
  {
    name: "an upload of an attached document has its location",
    run: (first, to) => {
      asRegistry(first, /^POST /, uploadAt(to));
      const document = { mediaType: "application/json", annotations: {}, content: Buffer.from("{}") };
      return attach(clientOf(), imageOf(first), sum(MANIFEST), document);
    },
  },
  {
    name: "an upload that doctor cancels has its location",
    run: async (first, to) => {
      asRegistry(first, /^POST /, uploadAt(to));
      const check = await pushCheck(clientOf(), { reference: imageOf(first), credentialsElsewhere: false });
      if (check.status !== "ok") throw new Error(check.message);
    },
  },
  {
    name: "the next page of the tags has its link",
    run: (first, to) => {
      asRegistry(first, /tags\/list/, (response) =>
        response.setHeader("link", `<${to}>; rel="next"`).end('{"tags":[]}'),
      );
      return listTags(clientOf(), imageOf(first));
    },
  },
  {
    name: "a context's URL with a password is redirected",
    run: async (first, to) => {
      first.answer = (request, response) =>
        request.url?.startsWith("/lead") === true ? redirect(to)(response) : void response.end("x");
      const url = new URL("/lead", first.origin);
      url.username = "victim";
      url.password = PASSWORD;
      return buffer(download(url.href, new AbortController().signal));
    },
  },
  {
    name: "a request to Vault with a token is redirected",
    run: (first, to) => {
      first.answer = (request, response) =>
        request.url?.startsWith("/v1/sys/internal") === true ? redirect(to)(response) : void response.end("{}");
      return readVault([{ path: "kv/a", field: "f" }], vaultAt(first, { VAULT_TOKEN: PASSWORD }));
    },
  },
  {
    name: "a login to Vault is redirected",
    run: (first, to) => {
      first.answer = (request, response) =>
        request.url?.endsWith("/login") === true ? redirect(to)(response) : void response.end("{}");
      return readVault(
        [{ path: "kv/a", field: "f" }],
        vaultAt(first, { VAULT_ROLE_ID: "victim", VAULT_SECRET_ID: PASSWORD }),
      );
    },
  },
];

const vaultAt = ({ origin }: Listener, more: Record<string, string>): Record<string, string> => ({
  VAULT_ADDR: origin,
  VAULT_CACERT: caFile,
  ...more,
});

/** Everything by which the password can have been sent. */
function leaks({ seen }: Listener): string[] {
  const encoded = Buffer.from(`victim:${PASSWORD}`).toString("base64");
  return seen.flatMap(({ secrets, path, body }) => [
    ...secrets,
    ...[path, body].filter((text) => text.includes(PASSWORD) || text.includes(encoded)),
  ]);
}

const LANDING = "/lands/here?signature=abc";

describe.each(WAYS)("where $name", ({ run }) => {
  const attempt = (first: Listener, to: string): Promise<unknown> => run(first, to).catch((error: unknown) => error);

  it.each([
    ["http", false],
    ["https", true],
  ])("to the same origin (%s), it gets the credential", async (_, secure) => {
    const first = await listen(secure);
    await attempt(first, LANDING);
    const landed = first.seen.find(({ path }) => path.startsWith("/lands/here"));
    expect(landed).toBeDefined();
    expect(leaks({ ...first, seen: [landed!] })).not.toEqual([]);
  });

  it.each([
    ["http", false],
    ["https", true],
  ])("to another port (%s), that gets no credential, also if it asks", async (_, secure) => {
    const [first, other] = [await listen(secure), await listen(secure)];
    other.answer = (_, response) => response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
    await attempt(first, `${other.origin}${LANDING}`);
    expect(leaks(other)).toEqual([]);
    expect(leaks(first)).not.toEqual([]);
  });

  it("to another host with the same port, that gets no credential, also if it asks", async () => {
    const first = await listen(false);
    const other = await listen(false, "127.0.0.2", Number(new URL(first.origin).port));
    other.answer = (_, response) => response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
    await attempt(first, `${other.origin}${LANDING}`);
    expect(leaks(other)).toEqual([]);
    expect(leaks(first)).not.toEqual([]);
  });

  it("from https to http, nothing is sent, and it is an error that shows no query", async () => {
    const [first, other] = [await listen(true), await listen(false)];
    const error = await attempt(first, `${other.origin}${LANDING}`);
    expect(other.seen).toEqual([]);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).not.toContain("signature");
  });

  it.each(["ftp://127.0.0.1/x?signature=abc", "file:///etc/hostname?signature=abc", "data:,x"])(
    "to %s, it is an error that shows no query",
    async (to) => {
      const first = await listen(false);
      const error = await attempt(first, to);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).not.toContain("signature");
    },
  );
});

describe("the API server", () => {
  it.each([
    ["its own origin", false],
    ["another port", true],
  ])("leads no request on, to %s: a redirect is its answer", async (_, elsewhere) => {
    const [server, other] = [await listen(true), await listen(true)];
    const to = `${elsewhere ? other.origin : server.origin}${LANDING}`;
    server.answer = (__, response) => redirect(to)(response);
    const caData = Buffer.from(CERTIFICATE).toString("base64");
    const http = new HttpClient({
      context: "c",
      namespace: "n",
      server: { url: server.origin, skipTlsVerify: false, caData },
      user: { token: PASSWORD },
    });
    const answer = await http.send({ method: "GET", path: "/version" });
    await drain(answer.body);
    http.close();
    expect([answer.statusCode, server.seen.length, other.seen.length]).toEqual([307, 1, 0]);
    expect(server.seen[0]?.secrets).toEqual([`Bearer ${PASSWORD}`]);
  });
});

describe("a registry's token service", () => {
  let registry: Listener;
  let service: Listener;
  const ask = async (client = clientOf()): Promise<unknown> =>
    findManifest(client, imageOf(registry)).catch((error: unknown) => error);

  async function start(secureRegistry: boolean, secureService: boolean): Promise<void> {
    [registry, service] = [await listen(secureRegistry), await listen(secureService)];
    service.answer = (_, response) => response.end('{"token":"t"}');
    registry.answer = (request, response) => {
      if (request.headers.authorization === "Bearer t") response.end(MANIFEST);
      else response.writeHead(401, { "www-authenticate": `Bearer realm="${service.origin}/token?key=k"` }).end();
    };
  }

  it("gets the password over https", async () => {
    await start(true, true);
    await ask();
    expect(leaks(service)).toHaveLength(1);
  });

  it("of plain http gets nothing from a registry of https, and the error says so", async () => {
    await start(true, false);
    const error = await ask();
    expect(service.seen).toEqual([]);
    expect((error as Error).message).toMatch(
      /its token service http:\/\/[\d.:]+\/token is plain http, .*--insecure-registry$/,
    );
  });

  it("of plain http gets the password where the registry is an --insecure-registry", async () => {
    await start(true, false);
    await ask(clientOf([registry.host]));
    expect(leaks(service)).toHaveLength(1);
  });

  it("of plain http gets the password where the registry itself is plain http", async () => {
    await start(false, false);
    await ask();
    expect(leaks(service)).toHaveLength(1);
  });

  it("issues a token that only the registry gets", async () => {
    await start(true, true);
    await ask();
    expect(registry.seen.at(-1)?.secrets).toEqual(["Bearer t"]);
    expect(service.seen.flatMap(({ secrets }) => secrets)).not.toContain("Bearer t");
  });
});

describe("a registry that has answered over https", () => {
  let first: Listener;
  beforeEach(async () => {
    first = await listen(true);
  });

  it("is not asked over http when its answers break off", async () => {
    let asked = 0;
    first.answer = (request, response) => {
      asked += 1;
      if (request.headers.authorization === undefined)
        response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
      else request.socket.destroy();
    };
    const error = await findManifest(clientOf(), imageOf(first)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    // One that spoke http would be asked once more, without TLS, and the server would report a broken hello.
    expect(asked).toBe(2);
    expect((error as Error).message).not.toMatch(/http:/);
  });
});
