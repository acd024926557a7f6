/** Short-lived tokens for one build's repositories instead of the user's password. */
import type { RegistryScope } from "./types.ts";
import type { Answer, CredentialStore } from "../credentials/credentials.ts";
import { InvalidInput } from "../../errors.ts";
import type { Token } from "./authorization.ts";
import { RegistryClient } from "./registry-client.ts";

export interface ScopedTokenOptions {
  readonly scopes: readonly RegistryScope[];
  readonly insecure: readonly string[];
  /** PEM text. */
  readonly ca?: string;
  /** Longest duration of the build, in seconds. */
  readonly needed: number;
  readonly warn: (message: string) => void;
}

/** Limit for the registry and its token service. */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * A store that exchanges the credentials of another one for tokens of the registry's token service.
 * Its `get` throws InvalidInput for a registry without a token service, and ClusterError if that service sends no token.
 */
export function scopedTokens(
  store: CredentialStore,
  { scopes, needed, warn, ...connection }: ScopedTokenOptions,
): CredentialStore {
  return {
    async get(registry): Promise<Answer> {
      const answer = await store.get(registry);
      const { credential } = answer;
      if (credential === undefined || credential.registryToken !== undefined) return answer;
      const wanted = scopes.filter((entry) => entry.registry === registry).map(({ scope }) => scope);
      let token: Token | undefined;
      const client = new RegistryClient({
        ...connection,
        credential: async () => credential,
        timeout: REQUEST_TIMEOUT_MS,
        tokens: { onToken: (given) => (token = given) },
      });
      await client.ask(registry, { method: "GET", path: "", scopes: wanted });
      if (token === undefined) {
        throw new InvalidInput(`${registry} has no token service, so a build needs the password`, {
          suggestions: ["Omit --registry-tokens, or name a Secret of the namespace with --registry-secret."],
        });
      }
      if (token.lifetime < needed) {
        warn(
          `the token for ${registry} expires after ${token.lifetime} seconds, and the build may take ${needed}: ${registry} will refuse later requests`,
        );
      }
      return { credential: { registryToken: token.value } };
    },
  };
}
