/** A part of the composition root: which logins are sent with a build. */
import type { BuildPlan } from "../../plan/plan.ts";
import type { CredentialStore } from "../../lib/credentials/credentials.ts";
import { selectCredentials } from "../../lib/credentials/select.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/**
 * Only the user's stores show whether there is a login for the plan's registries.
 * @returns the plan with its final credentials, and the config.json to ship, if there is one
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

/** The source of the shipped logins: the user's stores, or tokens that are fetched with the logins in them. */
async function shippedStores(
  { registryScopes: scopes, registries, timeoutSeconds: needed }: BuildPlan,
  stores: readonly CredentialStore[],
  warn: (message: string) => void,
): Promise<readonly CredentialStore[]> {
  if (scopes === undefined) return stores;
  const { scopedTokens } = await import("../../lib/registry/scoped-tokens.ts");
  const { insecure, ca } = registries;
  const options = { scopes, insecure, needed, warn, ...omitUndefined({ ca }) };
  return stores.map((store) => scopedTokens(store, options));
}
