/**
 * The answer to a registry's WWW-Authenticate header: Basic, or a bearer token that its token service issues for the
 * credential (distribution docs, "Token Authentication Specification" and "Oauth2 Token Specification").
 */
import type { Credential } from "../credentials/credentials.ts";

/** Client name for the token service, which may show it to the user. */
const CLIENT = "slipway";

/** One HTTP exchange with the token service, over the client's connection. */
export type Exchange = (
  url: string,
  options: { method: "GET" | "POST"; headers: Record<string, string>; body?: string },
) => Promise<{ status: number; body: string }>;

export interface Token {
  readonly value: string;
  /** Seconds from now; 60 if the service does not tell (the specification's default). */
  readonly lifetime: number;
  /** Gets further tokens without the password; present if it was requested and the service issues one. */
  readonly refreshToken?: string;
}

/** The token service refused a token. */
export class TokenRefused extends Error {
  /** HTTP status. */
  readonly status: number;

  constructor(service: string, status: number) {
    super(`${service} answered ${status}`);
    this.status = status;
  }
}

export interface TokenWishes {
  /** Ask for a refresh token as well. */
  readonly lasting?: boolean;
  /** Called with each token that the service issues. */
  readonly onToken?: (token: Token) => void;
}

/** The value of the Authorization header; undefined without a credential. @throws TokenRefused if the service refuses; Error if its answer has no token */
export async function authorize(
  challenge: string,
  credential: Credential | undefined,
  scopes: readonly string[],
  exchange: Exchange,
  wishes: TokenWishes = {},
): Promise<string | undefined> {
  if (credential?.registryToken !== undefined) return `Bearer ${credential.registryToken}`;
  if (!isBearer(challenge)) return basicOf(credential);
  const token = await fetchToken(challenge, credential, scopes, exchange, wishes.lasting);
  wishes.onToken?.(token);
  return `Bearer ${token.value}`;
}

export function isBearer(challenge: string): boolean {
  return /^bearer /i.test(challenge);
}

/** Gets a token. @throws TokenRefused if the service refuses; Error if its answer has no token */
export async function fetchToken(
  challenge: string,
  credential: Credential | undefined,
  scopes: readonly string[],
  exchange: Exchange,
  lasting = false,
): Promise<Token> {
  const realm = new URL(/realm="([^"]*)"/i.exec(challenge)?.[1] ?? "");
  const service = /service="([^"]*)"/i.exec(challenge)?.[1] ?? "";
  const answer =
    credential?.identityToken === undefined
      ? await byQuery(realm, service, scopes, basicOf(credential), exchange, lasting)
      : await byRefreshToken(realm, service, scopes, credential.identityToken, exchange);
  if (answer.status !== 200) throw new TokenRefused(`${realm.origin}${realm.pathname}`, answer.status);
  const { token, access_token, expires_in, refresh_token } = (JSON.parse(answer.body) ?? {}) as Record<string, unknown>;
  const value = typeof token === "string" && token !== "" ? token : access_token;
  if (typeof value !== "string" || value === "") throw new Error(`${realm.origin}${realm.pathname} sent no token`);
  return {
    value,
    lifetime: typeof expires_in === "number" ? expires_in : 60,
    ...(typeof refresh_token === "string" && refresh_token !== "" ? { refreshToken: refresh_token } : {}),
  };
}

function byQuery(
  realm: URL,
  service: string,
  scopes: readonly string[],
  basic: string | undefined,
  exchange: Exchange,
  lasting: boolean,
): ReturnType<Exchange> {
  const url = new URL(realm);
  url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (lasting) {
    url.searchParams.set("offline_token", "true");
    url.searchParams.set("client_id", CLIENT);
  }
  return exchange(url.href, { method: "GET", headers: basic === undefined ? {} : { authorization: basic } });
}

function byRefreshToken(
  realm: URL,
  service: string,
  scopes: readonly string[],
  identityToken: string,
  exchange: Exchange,
): ReturnType<Exchange> {
  const form = { grant_type: "refresh_token", service, client_id: CLIENT, scope: scopes.join(" ") };
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
