/**
 * What a registry is shown when it asks, by WWW-Authenticate: Basic, or a bearer token that its token service gives for the
 * credential (distribution docs, "Token Authentication Specification" and "Oauth2 Token Specification").
 */
import type { Credential } from "../credentials/credentials.ts";

/** One HTTP exchange with the registry's token service, as the client's connection makes it. */
export type Exchange = (
  url: string,
  options: { method: "GET" | "POST"; headers: Record<string, string>; body?: string },
) => Promise<{ status: number; body: string }>;

export interface Token {
  readonly value: string;
  /** Seconds from now; 60 where the service does not say (the specification's default). */
  readonly lifetime: number;
}

/** The value of the Authorization header; undefined when there is nothing to show. @throws Error when no token is given */
export async function authorize(
  challenge: string,
  credential: Credential | undefined,
  scopes: readonly string[],
  exchange: Exchange,
): Promise<string | undefined> {
  if (credential?.registryToken !== undefined) return `Bearer ${credential.registryToken}`;
  if (!isBearer(challenge)) return basicOf(credential);
  return `Bearer ${(await fetchToken(challenge, credential, scopes, exchange)).value}`;
}

export function isBearer(challenge: string): boolean {
  return /^bearer /i.test(challenge);
}

/** @throws Error when the service refuses */
export async function fetchToken(
  challenge: string,
  credential: Credential | undefined,
  scopes: readonly string[],
  exchange: Exchange,
): Promise<Token> {
  const parameter = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`, "i").exec(challenge)?.[1];
  const realm = new URL(parameter("realm") ?? "");
  const service = parameter("service") ?? "";
  const answer =
    credential?.identityToken === undefined
      ? await byQuery(realm, service, scopes, basicOf(credential), exchange)
      : await byRefreshToken(realm, service, scopes, credential.identityToken, exchange);
  if (answer.status !== 200) throw new Error(`${realm.origin}${realm.pathname} answered ${answer.status}`);
  const { token, access_token, expires_in } = JSON.parse(answer.body) as Record<string, unknown>;
  const value = typeof token === "string" && token !== "" ? token : access_token;
  if (typeof value !== "string" || value === "") throw new Error(`${realm.origin}${realm.pathname} gave no token`);
  return { value, lifetime: typeof expires_in === "number" ? expires_in : 60 };
}

function byQuery(
  realm: URL,
  service: string,
  scopes: readonly string[],
  basic: string | undefined,
  exchange: Exchange,
): ReturnType<Exchange> {
  const url = new URL(realm);
  url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  return exchange(url.href, { method: "GET", headers: basic === undefined ? {} : { authorization: basic } });
}

function byRefreshToken(
  realm: URL,
  service: string,
  scopes: readonly string[],
  identityToken: string,
  exchange: Exchange,
): ReturnType<Exchange> {
  const form = { grant_type: "refresh_token", service, client_id: "slipway", scope: scopes.join(" ") };
  const body = new URLSearchParams({ ...form, refresh_token: identityToken }).toString();
  return exchange(realm.href, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body,
  });
}

function basicOf(credential: Credential | undefined): string | undefined {
  if (credential?.username === undefined) return undefined;
  return `Basic ${Buffer.from(`${credential.username}:${credential.password ?? ""}`).toString("base64")}`;
}
