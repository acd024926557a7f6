/** Against a stand-in that answers what is hard to bring a real Vault to; the real one is asked in test/e2e/vault.test.ts. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { AuthError, ClusterError, InvalidInput } from "../../../../src/errors.ts";
import { CERTIFICATE, KEY } from "../../../fakes/api-server-certificate.ts";
import { readVault } from "../../../../src/lib/vault/read-vault.ts";

let server: Server;
let address: string;
let home: string;
let seen: { method: string; url: string; headers: IncomingMessage["headers"]; body?: unknown }[];
let answers: Record<string, (response: ServerResponse) => void>;

const give =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  };
const V1 = give(200, { data: { path: "kv/", options: { version: "1" } } });
const V2 = give(200, { data: { path: "team/kv/", options: { version: "2" } } });

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-vault-"));
  seen = [];
  answers = {};
  server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    void (async () => {
      seen.push({
        method,
        url,
        headers,
        ...(method === "POST" ? { body: await json(request).catch(() => undefined) } : {}),
      });
      const answer = answers[`${method} ${url}`] ?? answers[url];
      if (answer === undefined) give(404, { errors: [] })(response);
      else answer(response);
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  await rm(home, { recursive: true });
});

async function read(path: string, field: string, env: Record<string, string> = {}): Promise<string> {
  const [value] = await readVault([{ path, field }], { VAULT_ADDR: address, VAULT_TOKEN: "T", ...env }, home);
  return Buffer.from(value ?? []).toString();
}

describe("a field in Vault", () => {
  it("a field is read from version 1 at its path, and from version 2 below data/", async () => {
    answers = {
      "/v1/sys/internal/ui/mounts/kv/app": V1,
      "/v1/kv/app": give(200, { data: { password: "one" } }),
      "/v1/sys/internal/ui/mounts/team/kv/app%20x": V2,
      "/v1/team/kv/data/app%20x": give(200, { data: { data: { password: "two", list: [1, "a"] }, metadata: {} } }),
    };
    expect(await read("kv/app", "password")).toBe("one");
    expect(await read("team/kv/app x", "password", { VAULT_NAMESPACE: "admin/" })).toBe("two");
    expect(await read("team/kv/app x", "list")).toBe('[1,"a"]');
    expect(seen[0]?.headers).toMatchObject({ "x-vault-token": "T", "x-vault-request": "true" });
    expect(seen.map(({ headers }) => headers["x-vault-namespace"])).toEqual(
      [1, 2, 3, 4, 5, 6].map((count) => (count === 3 || count === 4 ? "admin/" : undefined)),
    );
  });

  it("a redirect from a standby to the active server is followed once", async () => {
    answers = {
      "/v1/sys/internal/ui/mounts/kv/app": V1,
      "/v1/kv/app": give(307, "", { location: `${address}/v1/active` }),
      "/v1/active": give(200, { data: { password: "there" } }),
    };
    expect(await read("kv/app", "password")).toBe("there");
    expect(seen.at(-1)?.headers["x-vault-token"]).toBe("T");
    answers["/v1/active"] = give(307, "", { location: `${address}/v1/active` });
    await expect(read("kv/app", "password")).rejects.toThrow("sent a redirect that cannot be followed");
  });

  it.each([
    ["nothing is there", 404, { errors: [] }, InvalidInput, "team/kv/app does not exist in Vault"],
    [
      "it is refused",
      403,
      { errors: ["1 error occurred:\n\t* permission denied\n"] },
      AuthError,
      /^this login may not read team\/kv\/app in Vault: 1 error occurred: \* permission denied$/,
    ],
    [
      "it was deleted",
      404,
      { data: { data: null, metadata: { deletion_time: "2026-01-01T00:00:00Z" } } },
      InvalidInput,
      "team/kv/app in Vault has been deleted",
    ],
    [
      "the field is not",
      200,
      { data: { data: { user: "u", other: "o" } } },
      InvalidInput,
      'team/kv/app in Vault has no field "password"',
    ],
    [
      "Vault is sealed",
      503,
      { errors: ["Vault is sealed"] },
      ClusterError,
      /^the Vault at http:\/\/127\.0\.0\.1:\d+ is sealed$/,
    ],
    [
      "its message would control the terminal",
      403,
      { errors: ["no\u001B]0;title\u0007\u001B[2J\u009B31m\nERROR: forged"] },
      AuthError,
      /^this login may not read team\/kv\/app in Vault: [\u0020-\u007E]*$/,
    ],
    ["Vault is out of order", 500, { errors: ["no storage"] }, ClusterError, /answered 500: no storage$/],
  ] as const)("says so when %s", async (_name, status, body, kind, message) => {
    answers = {
      "/v1/sys/internal/ui/mounts/team/kv/app": V2,
      "/v1/team/kv/data/app": give(status, body),
    };
    const error: unknown = await read("team/kv/app", "password").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(kind);
    expect(error).toHaveProperty("message", expect.stringMatching(message));
  });

  it("suggests the path without data/ if it is written as in the API", async () => {
    answers = { "/v1/sys/internal/ui/mounts/team/kv/data/app": V2 };
    await expect(read("team/kv/data/app", "x")).rejects.toHaveProperty("suggestions", [
      "Omit data/, which is only for the API: vault=team/kv/app#FIELD.",
    ]);
  });

  it("only a server with a certificate of the authority in VAULT_CACERT is accepted", async () => {
    answers = { "/v1/sys/internal/ui/mounts/kv/app": V1, "/v1/kv/app": give(200, { data: { f: "v" } }) };
    const tls = createSecureServer({ cert: CERTIFICATE, key: KEY }, (request, response) =>
      server.emit("request", request, response),
    );
    onTestFinished(() => {
      tls.closeAllConnections();
      tls.close();
    });
    await new Promise<void>((resolve) => {
      tls.listen(0, "127.0.0.1", resolve);
    });
    const ca = join(home, "ca.crt");
    await writeFile(ca, CERTIFICATE);
    const env = { VAULT_ADDR: `https://127.0.0.1:${(tls.address() as AddressInfo).port}` };
    expect(await read("kv/app", "f", { ...env, VAULT_CACERT: ca })).toBe("v");
    expect(await read("kv/app", "f", { ...env, VAULT_SKIP_VERIFY: "true" })).toBe("v");
    await expect(read("kv/app", "f", env)).rejects.toThrow(/cannot be reached: self-signed certificate$/);
  });

  it("is not looked for where no Vault is", async () => {
    await expect(read("kv/app", "x", { VAULT_ADDR: "" })).rejects.toThrow("VAULT_ADDR is not set");
    await expect(read("kv/app", "x", { VAULT_ADDR: "vault:8200" })).rejects.toThrow('VAULT_ADDR is "vault:8200"');
    await expect(read("kv/app", "x", { VAULT_ADDR: "http://127.0.0.1:1" })).rejects.toThrow(
      "the Vault at http://127.0.0.1:1 cannot be reached: connect ECONNREFUSED 127.0.0.1:1",
    );
    await expect(read("kv/app", "x", { VAULT_CACERT: "/nowhere" })).rejects.toThrow(
      "VAULT_CACERT names /nowhere, which cannot be read: ENOENT",
    );
    answers = { "/v1/sys/internal/ui/mounts/kv/app": give(200, "<html>") };
    await expect(read("kv/app", "x")).rejects.toThrow("answered 200 with something that is not Vault's JSON");
  });
});

describe("logging in to Vault", () => {
  const LOGGED_IN = give(200, { auth: { client_token: "made" } });
  beforeEach(() => {
    answers = {
      "/v1/sys/internal/ui/mounts/kv/app": V1,
      "/v1/kv/app": give(200, { data: { f: "v" } }),
      "POST /v1/auth/approle/login": LOGGED_IN,
      "POST /v1/auth/clusters/one/login": LOGGED_IN,
    };
  });

  it("AppRole precedes the token that the vault command keeps, and its own token is revoked", async () => {
    await writeFile(join(home, ".vault-token"), "kept\n");
    expect(await read("kv/app", "f", { VAULT_TOKEN: "" })).toBe("v");
    expect(seen.map(({ headers }) => headers["x-vault-token"])).toEqual(["kept", "kept"]);
    seen = [];
    const env = { VAULT_TOKEN: "", VAULT_ROLE_ID: "r", VAULT_SECRET_ID: "s" };
    expect(await read("kv/app", "f", env)).toBe("v");
    expect(seen.map(({ method, url, headers }) => [method, url, headers["x-vault-token"]])).toEqual([
      ["POST", "/v1/auth/approle/login", undefined],
      ["GET", "/v1/sys/internal/ui/mounts/kv/app", "made"],
      ["GET", "/v1/kv/app", "made"],
      ["POST", "/v1/auth/token/revoke-self", "made"],
    ]);
    expect(seen[0]?.body).toEqual({ role_id: "r", secret_id: "s" });
  });

  it("a service account's token logs in, at any mount", async () => {
    const file = join(home, "jwt");
    await writeFile(file, "J\n");
    const env = { VAULT_TOKEN: "", VAULT_ROLE: "ci", VAULT_JWT_FILE: file, VAULT_AUTH_PATH: "/clusters/one/" };
    expect(await read("kv/app", "f", env)).toBe("v");
    expect(seen[0]?.body).toEqual({ role: "ci", jwt: "J" });
    await expect(read("kv/app", "f", { ...env, VAULT_JWT_FILE: join(home, "no") })).rejects.toThrow(
      /no cannot be read: ENOENT$/,
    );
  });

  it("the error names the missing setting, or Vault's message", async () => {
    await expect(read("kv/app", "f", { VAULT_TOKEN: "" })).rejects.toThrow("there is no token or login for it");
    answers["POST /v1/auth/approle/login"] = give(400, { errors: ["invalid role or secret ID"] });
    const refused = read("kv/app", "f", { VAULT_TOKEN: "", VAULT_ROLE_ID: "r" });
    await expect(refused).rejects.toThrow(
      "Vault refused the login with the AppRole of VAULT_ROLE_ID and VAULT_SECRET_ID: invalid role or secret ID",
    );
    await expect(refused).rejects.toBeInstanceOf(AuthError);
  });
});
