/**
 * Gives the daemon logins for registries when it needs them: /moby.filesync.v1.Auth (buildkit session/auth, util/resolver).
 * The daemon holds one lock for all registries while it waits, so answers should come from memory.
 */
import { createHmac, createPrivateKey, createPublicKey, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { CODE, GrpcError } from "../grpc.ts";
import {
  CREDENTIALS_REQUEST,
  CREDENTIALS_RESPONSE,
  FETCH_TOKEN_REQUEST,
  FETCH_TOKEN_RESPONSE,
  GET_TOKEN_AUTHORITY_REQUEST,
  GET_TOKEN_AUTHORITY_RESPONSE,
  VERIFY_TOKEN_AUTHORITY_REQUEST,
  VERIFY_TOKEN_AUTHORITY_RESPONSE,
} from "../messages.ts";
import type { FetchTokenRequest } from "../messages.ts";
import { unary } from "../served.ts";
import type { Methods } from "../served.ts";

export interface Login {
  /** Empty if the secret is an identity token. */
  readonly username: string;
  readonly secret: string;
}

export interface Token {
  readonly token: string;
  /** Lifetime in seconds, counted from `issuedAt`. */
  readonly expiresIn: number;
  /** Seconds since 1970. */
  readonly issuedAt: number;
}

export interface AuthProvider {
  /**
   * Looks up the login for a registry.
   * @param host the host that the daemon connects to, for example `registry-1.docker.io` for Docker Hub
   * @returns undefined if there is no login
   */
  login(host: string): Promise<Login | undefined>;
  /**
   * Fetches tokens for a registry, so that the password stays on this machine.
   * @returns undefined if the daemon has to do it: then it gets the login
   */
  readonly tokens?: (host: string) => Promise<FetchToken | undefined>;
}

export type FetchToken = (request: Pick<FetchTokenRequest, "scopes">) => Promise<Token>;

/** Secret of this process, made on use: a secret of the program would be everybody's. The daemon caches tokens by the key that is derived from it, so another client cannot use them. */
let ownSecret: Buffer | undefined;

/** The methods of the Auth service. */
export function auth(provider: AuthProvider): Methods {
  const tokensOf = async (host: string): Promise<FetchToken> => {
    const fetch = await provider.tokens?.(host);
    if (fetch === undefined) throw new GrpcError(CODE.unavailable, "client side tokens disabled");
    return fetch;
  };
  return {
    "/moby.filesync.v1.Auth/Credentials": unary(
      { request: CREDENTIALS_REQUEST, response: CREDENTIALS_RESPONSE },
      async ({ host }) => {
        // A daemon that may have tokens needs no password.
        if ((await provider.tokens?.(host)) !== undefined) return {};
        return (await provider.login(host)) ?? {};
      },
    ),
    "/moby.filesync.v1.Auth/FetchToken": unary(
      { request: FETCH_TOKEN_REQUEST, response: FETCH_TOKEN_RESPONSE },
      async ({ host, scopes }) => (await tokensOf(host))({ scopes }),
    ),
    "/moby.filesync.v1.Auth/GetTokenAuthority": unary(
      { request: GET_TOKEN_AUTHORITY_REQUEST, response: GET_TOKEN_AUTHORITY_RESPONSE },
      async ({ host, salt }) => {
        await tokensOf(host);
        const { x = "" } = createPublicKey(authorityKey(host, salt)).export({ format: "jwk" });
        return { publicKey: Buffer.from(x, "base64url") };
      },
    ),
    // NaCl's signed message is the signature followed by the payload.
    "/moby.filesync.v1.Auth/VerifyTokenAuthority": unary(
      { request: VERIFY_TOKEN_AUTHORITY_REQUEST, response: VERIFY_TOKEN_AUTHORITY_RESPONSE },
      async ({ host, payload, salt }) => {
        await tokensOf(host);
        return { signed: Buffer.concat([sign(null, payload, authorityKey(host, salt)), payload]) };
      },
    ),
  };
}

/** The bytes before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** Derives the key that proves to the daemon that it talks to the same client. @param salt from the daemon, new after a restart */
function authorityKey(host: string, salt: Uint8Array): KeyObject {
  ownSecret ??= randomBytes(32);
  const seed = createHmac("sha256", salt).update(ownSecret).update(host).digest();
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
}
