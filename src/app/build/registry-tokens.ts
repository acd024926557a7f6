/**
 * Tokens that this client fetches for a kept builder, as buildx does: the password stays on this machine. A registry whose token
 * service this machine does not reach is left to the builder, which may reach it in the cluster.
 */
import type { FetchToken } from "../../lib/buildkit/services/auth.ts";
import type { CredentialStore } from "../../lib/credentials/credentials.ts";
import { RegistryClient } from "../../lib/registry/registry-client.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { registryOptions } from "../registry-options.ts";

/** Limit for the first question, for which a build may have to wait. */
const REQUEST_TIMEOUT_MS = 5000;

export class RegistryTokens {
  readonly #client: RegistryClient;
  readonly #found = new Map<string, Promise<FetchToken | undefined>>();

  constructor({ registries }: Pick<BuildPlan, "registries">, stores: readonly CredentialStore[], signal: AbortSignal) {
    this.#client = new RegistryClient({ ...registryOptions(registries, stores), timeout: REQUEST_TIMEOUT_MS, signal });
  }

  /** Each registry is asked once. @returns undefined if it uses no tokens, or cannot be reached from here */
  of(registry: string): Promise<FetchToken | undefined> {
    const found = this.#found.get(registry) ?? this.#find(registry).catch(() => undefined);
    this.#found.set(registry, found);
    return found;
  }

  async #find(registry: string): Promise<FetchToken | undefined> {
    const service = await this.#client.tokenService(registry);
    if (service === undefined) return undefined;
    return async ({ scopes }) => {
      const { value, lifetime } = await service(scopes);
      return { token: value, expiresIn: lifetime, issuedAt: Math.floor(Date.now() / 1000) };
    };
  }
}
