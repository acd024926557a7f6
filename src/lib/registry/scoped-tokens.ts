/** Tokens for one build's repositories in the place of a user's password: less to lose, and not for long. */
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
  /** How long the build may take, in seconds. */
  readonly needed: number;
  readonly warn: (message: string) => void;
}

/** For a registry and its token service to answer, in milliseconds. */
const PATIENCE = 30_000;

/**
 * A store that gives, for what another knows, a token of the registry's own service.
 * Its `get` throws InvalidInput for a registry that has no such service, and ClusterError when that gives no token.
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
        timeout: PATIENCE,
        tokens: { onToken: (given) => (token = given) },
      });
      await client.ask(registry, { method: "GET", path: "", scopes: wanted });
      if (token === undefined) {
        throw new InvalidInput(`${registry} has no token service, so that a build needs its password`, {
          suggestions: ["Leave out --registry-tokens, or name a Secret of the namespace with --registry-secret."],
        });
      }
      if (token.lifetime < needed) {
        warn(
          `the token for ${registry} is good for ${token.lifetime} seconds, and the build may take ${needed}: what it asks of ${registry} after that is refused`,
        );
      }
      return { credential: { registryToken: token.value } };
    },
  };
}
