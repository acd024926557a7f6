/**
 * The answer to a registry's WWW-Authenticate header: Basic, or a bearer token that its token service issues for the
 * credential (distribution docs, "Token Authentication Specification" and "Oauth2 Token Specification").
 */
import { OriginHeaders } from "../http/origin-headers.ts";
import { publicUrl } from "../text/public-url.ts";
import type { Credential } from "../credentials/credentials.ts";
import type { Challenge } from "./challenges.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

/** Client name for the token service, which may show it to the user. */
const CLIENT = "slipway";

/** One HTTP exchange with the token service. */
export type Exchange = (
  url: URL,
  options: {
    readonly method: "GET" | "POST";
    readonly headers?: Readonly<Record<string, string>>;
    readonly secrets?: OriginHeaders | undefined;
    readonly body?: string;
  },
) => Promise<{ status: number; body: string }>;

/** The registry that asks for authorization. */
export interface Asking {
  /** Its URL, by which it was asked. */
  readonly url: URL;
  /** Whether the user has allowed plain http for it. */
  readonly insecure: boolean;
}

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

/** The registry names a token service that no credential may be sent to. The message is a clause. */
export class RealmRefused extends Error {}

export interface TokenWishes {
  /** Also ask for a refresh token. */
  readonly lasting?: boolean;
  /** Called with each token that the service issues. */
  readonly onToken?: (token: Token) => void;
}

/**
 * The credential for the registry's own origin; undefined without one. A bearer token where the registry offers it, else Basic, as docker does.
 * @throws TokenRefused if the service refuses; RealmRefused for a service that is not to be trusted; Error if its answer has no token
 */
export async function authorize(
  asking: Asking,
  challenges: readonly Challenge[],
  credential: Credential | undefined,
  scopes: readonly string[],
  exchange: Exchange,
  wishes: TokenWishes = {},
): Promise<OriginHeaders | undefined> {
  if (credential?.registryToken !== undefined) return OriginHeaders.bearer(asking.url, credential.registryToken);
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (bearer === undefined) {
    // A registry that names no scheme gets Basic. A registry that names only other schemes would reject it.
    const basic = challenges.length === 0 || challenges.some(({ scheme }) => scheme === "basic");
    return basic ? basicOf(asking.url, credential) : undefined;
  }
  const token = await issueToken(asking, bearer, credential, scopes, exchange, wishes.lasting);
  wishes.onToken?.(token);
  return OriginHeaders.bearer(asking.url, token.value);
}

/**
 * Gets a token of the service that the challenge names.
 * @throws TokenRefused if the service refuses; RealmRefused for a service that is not to be trusted; Error if its answer has no token
 */
export async function issueToken(
  asking: Asking,
  { parameters }: Challenge,
  credential: Credential | undefined,
  scopes: readonly string[],
  exchange: Exchange,
  lasting = false,
): Promise<Token> {
  const realm = realmOf(asking, parameters.get("realm"));
  const service = parameters.get("service") || undefined;
  const answer =
    credential?.identityToken === undefined
      ? await byQuery(realm, service, scopes, basicOf(realm, credential), exchange, lasting)
      : await byRefreshToken(realm, service, scopes, credential.identityToken, exchange);
  const name = publicUrl(realm.href);
  if (answer.status !== 200) throw new TokenRefused(name, answer.status);
  const { token, access_token, expires_in, refresh_token } = parseAnswer(answer.body, name);
  const value = typeof token === "string" && token !== "" ? token : access_token;
  if (typeof value !== "string" || value === "") throw new Error(`${name} sent no token`);
  if (!isHeaderValue(value)) throw new Error(`${name} sent a token that no header can carry`);
  return {
    value,
    lifetime: typeof expires_in === "number" ? expires_in : 60,
    ...(typeof refresh_token === "string" && refresh_token !== "" ? { refreshToken: refresh_token } : {}),
  };
}

/**
 * Returns the URL of the token service. The service gets the user's password, so its connection must be as safe as the registry's:
 * a registry with https may not name a service with plain http.
 */
function realmOf({ url, insecure }: Asking, text: string | undefined): URL {
  if (text === undefined || text === "") throw new RealmRefused("it asks for a token and names no token service");
  const realm = URL.parse(text);
  if (realm === null || (realm.protocol !== "https:" && realm.protocol !== "http:")) {
    throw new RealmRefused(`its token service "${publicUrl(text)}" is not an http or https URL`);
  }
  if (url.protocol === "https:" && realm.protocol === "http:" && !insecure) {
    throw new RealmRefused(
      `its token service ${publicUrl(realm.href)} is plain http, and a password is sent there only for an --insecure-registry`,
    );
  }
  return realm;
}

function parseAnswer(body: string, name: string): Record<string, unknown> {
  try {
    return (JSON.parse(body) ?? {}) as Record<string, unknown>;
  } catch {
    // Not quoted: it may hold a token.
    throw new Error(`${name} sent something that is not JSON`);
  }
}

/** Whether these are characters that may stand in a header (RFC 9110, 5.5). */
function isHeaderValue(text: string): boolean {
  return /^[\u0021-\u007E]+$/.test(text);
}

function byQuery(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  basic: OriginHeaders | undefined,
  exchange: Exchange,
  lasting: boolean,
): ReturnType<Exchange> {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (lasting) {
    url.searchParams.set("offline_token", "true");
    url.searchParams.set("client_id", CLIENT);
  }
  return exchange(url, { method: "GET", secrets: basic });
}

function byRefreshToken(
  realm: URL,
  service: string | undefined,
  scopes: readonly string[],
  identityToken: string,
  exchange: Exchange,
): ReturnType<Exchange> {
  const form = {
    grant_type: "refresh_token",
    ...omitUndefined({ service }),
    client_id: CLIENT,
    scope: scopes.join(" "),
  };
  const body = new URLSearchParams({ ...form, refresh_token: identityToken }).toString();
  return exchange(realm, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body,
  });
}

function basicOf(url: URL, credential: Credential | undefined): OriginHeaders | undefined {
  if (credential?.username === undefined) return undefined;
  return OriginHeaders.basic(url, credential.username, credential.password ?? "");
}
