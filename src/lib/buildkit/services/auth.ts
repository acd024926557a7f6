/**
 * Logins for registries, asked for by the daemon at the moment of use: /moby.filesync.v1.Auth (buildkit session/auth, util/resolver).
 * The daemon holds a lock over all registries while it asks, so answers should come from memory.
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
  /** Empty where the secret is an identity token. */
  readonly username: string;
  readonly secret: string;
}

export interface Token {
  readonly token: string;
  /** Seconds, from `issuedAt` on. */
  readonly expiresIn: number;
  /** Seconds since 1970. */
  readonly issuedAt: number;
}

export interface AuthProvider {
  /** @param host as the daemon reaches the registry: `registry-1.docker.io` for Docker's. @returns undefined when there is none */
  login(host: string): Promise<Login | undefined>;
  /** A token fetched by us, so that the password stays here; absent, the daemon is given the password and fetches it. */
  readonly fetchToken?: (request: FetchTokenRequest) => Promise<Token>;
}

/** For this process: what the daemon keeps for one client is of no use to another. */
const SEED = randomBytes(32);

export function auth(provider: AuthProvider): Methods {
  const { fetchToken } = provider;
  return {
    "/moby.filesync.v1.Auth/Credentials": unary(
      { request: CREDENTIALS_REQUEST, response: CREDENTIALS_RESPONSE },
      async ({ host }) => (await provider.login(host)) ?? {},
    ),
    "/moby.filesync.v1.Auth/FetchToken": unary(
      { request: FETCH_TOKEN_REQUEST, response: FETCH_TOKEN_RESPONSE },
      async (request) => (fetchToken === undefined ? refuseTokens() : fetchToken(request)),
    ),
    "/moby.filesync.v1.Auth/GetTokenAuthority": unary(
      { request: GET_TOKEN_AUTHORITY_REQUEST, response: GET_TOKEN_AUTHORITY_RESPONSE },
      ({ host, salt }) => {
        if (fetchToken === undefined) refuseTokens();
        const { x = "" } = createPublicKey(authorityKey(host, salt)).export({ format: "jwk" });
        return { publicKey: Buffer.from(x, "base64url") };
      },
    ),
    // NaCl's signed message: the signature, then what is signed.
    "/moby.filesync.v1.Auth/VerifyTokenAuthority": unary(
      { request: VERIFY_TOKEN_AUTHORITY_REQUEST, response: VERIFY_TOKEN_AUTHORITY_RESPONSE },
      ({ host, payload, salt }) => {
        if (fetchToken === undefined) refuseTokens();
        return { signed: Buffer.concat([sign(null, payload, authorityKey(host, salt)), payload]) };
      },
    ),
  };
}

function refuseTokens(): never {
  throw new GrpcError(CODE.unavailable, "client side tokens disabled");
}

/** What comes before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, 7). */
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** @param salt the daemon's, another one after each start of it */
function authorityKey(host: string, salt: Uint8Array): KeyObject {
  const seed = createHmac("sha256", salt).update(SEED).update(host).digest();
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
}
