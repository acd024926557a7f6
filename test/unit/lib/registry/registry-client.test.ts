import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Reference } from "../../../../src/lib/image/reference.ts";
import type { Credential } from "../../../../src/lib/credentials/credentials.ts";
import { ClusterError } from "../../../../src/errors.ts";
import { digestOf } from "../../../../src/lib/registry/digest.ts";
import { readManifest, readPushedDigest } from "../../../../src/lib/registry/describe-image.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";

const CONFIG = `sha256:${"2".repeat(64)}`;
const MANIFEST = JSON.stringify({ schemaVersion: 2, config: { digest: CONFIG }, layers: [] });
const DIGEST = digestOf(MANIFEST);
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

let server: Server;
let host: string;
let seen: IncomingMessage[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

async function configDigest(credential?: Credential, digest = DIGEST): Promise<string | undefined> {
  const client = new RegistryClient({ insecure: [], credential: async () => credential, timeout: 5000 });
  const reference = new Reference({ registry: host, repository: "team/app", tag: "1" });
  return (await readManifest(client, reference, digest)).configDigest;
}

function send(response: ServerResponse, code: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(code, headers).end(body);
}

describe("an image's configuration", () => {
  it("the configuration is read from the manifest by its digest", async () => {
    answer = (_request, response) => send(response, 200, MANIFEST);
    expect(await configDigest()).toBe(CONFIG);
    expect(seen[0]?.url).toBe(`/v2/team/app/manifests/${DIGEST}`);
    expect(seen[0]?.headers.accept).toContain("application/vnd.oci.image.manifest.v1+json");
    expect(seen[0]?.headers.authorization).toBeUndefined();
  });

  it("an index has no configuration", async () => {
    const index = JSON.stringify({ schemaVersion: 2, manifests: [] });
    answer = (_request, response) => send(response, 200, index);
    expect(await configDigest(undefined, digestOf(index))).toBeUndefined();
  });
});

describe("a registry that asks who we are", () => {
  it("user name and password are sent only if the registry asks", async () => {
    answer = ({ headers }, response) => {
      if (headers.authorization === basic("me", "pa:ss")) send(response, 200, MANIFEST);
      else send(response, 401, "", { "www-authenticate": 'Basic realm="x"' });
    };
    expect(await configDigest({ username: "me", password: "pa:ss" })).toBe(CONFIG);
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, basic("me", "pa:ss")]);
  });

  it.each(["token", "access_token"])("may send us for a token first (answered as %s)", async (field) => {
    answer = ({ url = "", headers }, response) => {
      if (url.startsWith("/auth")) send(response, 200, JSON.stringify({ [field]: "T" }));
      else if (headers.authorization === "Bearer T") send(response, 200, MANIFEST);
      else
        send(response, 401, "", {
          "www-authenticate": `Bearer realm="http://${host}/auth?a=b",service="svc",scope="x"`,
        });
    };
    expect(await configDigest({ username: "me", password: "p" })).toBe(CONFIG);
    const asked = seen.find(({ url }) => url?.startsWith("/auth"));
    expect(asked?.headers.authorization).toBe(basic("me", "p"));
    expect(Object.fromEntries(new URL(`http://x${asked?.url}`).searchParams)).toEqual({
      a: "b",
      service: "svc",
      scope: "repository:team/app:pull",
    });
  });

  it("the token service also gives tokens without a login", async () => {
    answer = ({ url = "", headers }, response) => {
      if (url.startsWith("/auth")) send(response, 200, JSON.stringify({ token: "T" }));
      else if (headers.authorization === "Bearer T") send(response, 200, MANIFEST);
      else send(response, 401, "", { "www-authenticate": `Bearer realm="http://${host}/auth"` });
    };
    expect(await configDigest()).toBe(CONFIG);
    expect(seen.find(({ url }) => url?.startsWith("/auth"))?.headers.authorization).toBeUndefined();
  });

  it("a registry token is sent as it is, an identity token is exchanged for an access token", async () => {
    answer = ({ url = "", method, headers }, response) => {
      if (url.startsWith("/auth") && method === "POST") send(response, 200, JSON.stringify({ access_token: "T" }));
      else if (headers.authorization === "Bearer T") send(response, 200, MANIFEST);
      else send(response, 401, "", { "www-authenticate": `Bearer realm="http://${host}/auth",service="svc"` });
    };
    expect(await configDigest({ registryToken: "T" })).toBe(CONFIG);
    expect(seen.some(({ url }) => url?.startsWith("/auth"))).toBe(false);
    const body = new Promise<string>((resolve) => {
      server.on("request", (request: IncomingMessage) => {
        if (request.method === "POST") void text(request).then(resolve);
      });
    });
    expect(await configDigest({ username: "me", password: "", identityToken: "refresh" })).toBe(CONFIG);
    expect(Object.fromEntries(new URLSearchParams(await body))).toEqual({
      grant_type: "refresh_token",
      service: "svc",
      client_id: "slipway",
      scope: "repository:team/app:pull",
      refresh_token: "refresh",
    });
    expect(seen.find(({ method }) => method === "POST")?.headers.authorization).toBeUndefined();
  });

  it("a refused login is an error, and is not sent again", async () => {
    answer = (_request, response) => send(response, 401, "", { "www-authenticate": 'Basic realm="x"' });
    const refused = await configDigest({ username: "me", password: "secret" }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ClusterError);
    expect((refused as Error).message).toMatch(/answered 401$/);
    expect((refused as Error).message).not.toContain("secret");
    expect(seen).toHaveLength(2);
  });

  it("an unknown kind of challenge is an error", async () => {
    answer = (_request, response) => send(response, 401, "", { "www-authenticate": "Bearer nonsense" });
    await expect(configDigest()).rejects.toThrow(ClusterError);
  });
});

describe("a registry that does not answer", () => {
  it.each([404, 429, 500])("with more than %i", async (code) => {
    answer = (_request, response) => send(response, code, "x");
    await expect(configDigest()).rejects.toThrow(`/v2/team/app/manifests/${DIGEST} answered ${code}`);
  });

  it("to its end", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": "1000" }).write("{");
      setTimeout(() => response.destroy(), 10);
    };
    await expect(configDigest()).rejects.toThrow(ClusterError);
  });

  it("because it is not there", async () => {
    const client = new RegistryClient({ insecure: [], credential: async () => undefined, timeout: 2000 });
    const reference = new Reference({ registry: "127.0.0.1:1", repository: "a" });
    await expect(client.get(reference, "manifests/x", "*/*")).rejects.toThrow(
      /^registry 127\.0\.0\.1:1 did not answer: /,
    );
  });
});

describe("a stream", () => {
  const stream = (timeout: number, signal?: AbortSignal): Promise<string> => {
    const client = new RegistryClient({
      insecure: [],
      credential: async () => undefined,
      timeout,
      ...(signal === undefined ? {} : { signal }),
    });
    const reference = new Reference({ registry: host, repository: "team/app" });
    return client.stream(reference, `blobs/${CONFIG}`, ({ body }) => text(body));
  };

  it("a download of something missing is an error, and no unhandled rejection", async () => {
    answer = (_request, response) => send(response, 404, "not here");
    await expect(stream(5000)).rejects.toThrow(/\/v2\/team\/app\/blobs\/sha256:2+ answered 404$/);
  });

  it("a download follows a redirect to another host, and stops when it is aborted", async () => {
    const stop = new AbortController();
    answer = ({ url }, response) => {
      if (url !== "/elsewhere") return send(response, 307, "", { location: `http://${host}/elsewhere` });
      response.writeHead(200, { "content-length": "1000" }).write("{");
      setTimeout(() => stop.abort(new Error("stopped")), 20);
    };
    await expect(stream(60_000, stop.signal)).rejects.toThrow("stopped");
    expect(seen.map(({ url }) => url)).toEqual([`/v2/team/app/blobs/${CONFIG}`, "/elsewhere"]);
  });
});

describe("the digest of what was pushed", () => {
  const pushed = (expected?: string): Promise<string> => {
    const client = new RegistryClient({ insecure: [], credential: async () => undefined, timeout: 5000 });
    const reference = new Reference({ registry: host, repository: "team/app", tag: "1" });
    return readPushedDigest(client, reference, expected);
  };

  it("the digest belongs to the tag's manifest, whose configuration must be the one that was built", async () => {
    answer = (_request, response) => send(response, 200, MANIFEST);
    expect(await pushed(CONFIG)).toBe(DIGEST);
    expect(await pushed()).toBe(DIGEST);
    expect(seen[0]?.url).toBe("/v2/team/app/manifests/1");
    await expect(pushed(`sha256:${"0".repeat(64)}`)).rejects.toThrow(/is now another image$/);
  });

  it("the digest is unknown if the registry does not answer, although the image exists", async () => {
    answer = (_request, response) => send(response, 500, "");
    await expect(pushed()).rejects.toThrow(/^the image was built and pushed, but its digest is unknown: /);
  });
});
