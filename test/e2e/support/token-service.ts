/**
 * A token service (distribution docs, "Token Authentication Specification" and "Oauth2 Token Specification"), and a registry that
 * believes it: the service signs with a key whose certificate the registry was given.
 */
import { createSign, randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { CERTIFICATE, KEY } from "../../fakes/api-server-certificate.ts";
import { freePort } from "./free-port.ts";
import { ADDRESS, startRegistry } from "./own-registry.ts";
import type { OwnRegistry } from "./own-registry.ts";

const SERVICE = "slipway-test-registry";
const ISSUER = "slipway-test";

/** One question to the service. */
export interface TokenRequest {
  readonly by: "password" | "refresh token";
  /** Address of the machine or pod that asked. */
  readonly from: string;
  readonly scopes: readonly string[];
}

export interface TokenRegistry extends OwnRegistry {
  readonly user: string;
  readonly password: string;
  /** The refresh token that the service returns for the password. */
  readonly refreshToken: string;
  /** All it was asked, in order. */
  readonly asked: TokenRequest[];
  /** A token as the service would give it. @param scopes `repository:NAME:pull,push` */
  token(scopes: readonly string[]): string;
}

/** @param lifetime of its tokens, in seconds */
export async function startTokenRegistry(user: string, password: string, lifetime = 300): Promise<TokenRegistry> {
  const refreshToken = `refresh-${randomUUID()}`;
  const asked: TokenRequest[] = [];
  const token = (scopes: readonly string[]): string => sign(user, scopes, lifetime);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const post = request.method === "POST";
    const form = post ? new URLSearchParams(await text(request)) : new URL(request.url ?? "", "http://x").searchParams;
    const scopes = form.getAll("scope").flatMap((scope) => scope.split(" ").filter((part) => part !== ""));
    const [name, secret] = basicOf(request.headers.authorization) ?? [form.get("username"), form.get("password")];
    const refreshes = form.get("grant_type") === "refresh_token" && form.get("refresh_token") === refreshToken;
    if (!refreshes && !(name === user && secret === password)) {
      response.writeHead(401).end("{}");
      return;
    }
    const from = request.socket.remoteAddress ?? "";
    asked.push({ by: refreshes ? "refresh token" : "password", from, scopes });
    const lasting = form.get("offline_token") === "true" || form.get("access_type") === "offline";
    const value = token(scopes);
    const body = {
      token: value,
      access_token: value,
      expires_in: lifetime,
      ...(lasting ? { refresh_token: refreshToken } : {}),
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  const server = createServer((request, response) => void answer(request, response));
  const port = await freePort(ADDRESS);
  server.listen(port, ADDRESS);
  await once(server, "listening");
  const registry = await startRegistry(async (directory) => {
    const bundle = join(directory, "token.crt");
    await writeFile(bundle, CERTIFICATE);
    return `{token: {realm: "http://${ADDRESS}:${port}/token", service: ${SERVICE}, issuer: ${ISSUER}, rootcertbundle: ${bundle}}}`;
  });
  return {
    ...registry,
    user,
    password,
    refreshToken,
    asked,
    token,
    async stop() {
      server.closeAllConnections();
      server.close();
      await registry.stop();
    },
  };
}

function basicOf(header: string | undefined): [string, string] | undefined {
  const encoded = /^Basic (.+)$/.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const plain = Buffer.from(encoded, "base64").toString();
  return [plain.slice(0, plain.indexOf(":")), plain.slice(plain.indexOf(":") + 1)];
}

/** A JSON web token as distribution reads it: its certificate along with it. */
function sign(subject: string, scopes: readonly string[], lifetime: number): string {
  const now = Math.floor(Date.now() / 1000);
  const certificate = CERTIFICATE.replaceAll(/-----.*-----|\n/g, "");
  const access = scopes.map((scope) => {
    const [type, ...rest] = scope.split(":");
    return { type, name: rest.slice(0, -1).join(":"), actions: (rest.at(-1) ?? "").split(",") };
  });
  const claims = {
    iss: ISSUER,
    sub: subject,
    aud: SERVICE,
    exp: now + lifetime,
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access,
  };
  const encoded = [{ typ: "JWT", alg: "ES256", x5c: [certificate] }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const signature = createSign("sha256")
    .update(encoded.join("."))
    .sign({ key: KEY, dsaEncoding: "ieee-p1363" }, "base64url");
  return `${encoded.join(".")}.${signature}`;
}
