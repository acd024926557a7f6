/** A part of the composition root: which logins travel with a pod. */
import type { BuildPlan } from "../../plan/plan.ts";
import type { CredentialStore } from "../../lib/credentials/credentials.ts";
import { selectCredentials } from "../../lib/credentials/select.ts";

/**
 * What is shipped is known only now: nothing, where the user's configuration has nothing for these registries.
 * @returns the plan with what becomes of its credentials, and the config.json to ship where there is one
 */
export async function shipCredentials(
  plan: BuildPlan,
  stores: readonly CredentialStore[],
  warn: (message: string) => void,
): Promise<{ plan: BuildPlan; dockerConfig?: string }> {
  if (plan.credentials.kind !== "shipped") return { plan };
  const { config, warnings } = await selectCredentials(await shippedStores(plan, stores, warn), plan.registries.hosts);
  for (const message of warnings) warn(message);
  return config === undefined ? { plan: { ...plan, credentials: { kind: "none" } } } : { plan, dockerConfig: config };
}

/** Where what is shipped comes from: the user's stores, or tokens that are had for what is in them. */
async function shippedStores(
  { registryScopes: scopes, registries, timeoutSeconds: needed }: BuildPlan,
  stores: readonly CredentialStore[],
  warn: (message: string) => void,
): Promise<readonly CredentialStore[]> {
  if (scopes === undefined) return stores;
  const { scopedTokens } = await import("../../lib/registry/scoped-tokens.ts");
  const { insecure, ca } = registries;
  const options = { scopes, insecure, needed, warn, ...(ca === undefined ? {} : { ca }) };
  return stores.map((store) => scopedTokens(store, options));
}
