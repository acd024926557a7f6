/** How a registry is asked with the user's logins. */
import type { CredentialStore } from "../lib/credentials/credentials.ts";
import { findCredential } from "../lib/credentials/stores.ts";
import type { RegistryOptions } from "../lib/registry/registry-client.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

/** The options of a client, but for its time limit and its signal. */
export function registryOptions(
  { insecure, ca }: { readonly insecure: readonly string[]; readonly ca?: string | undefined },
  stores: readonly CredentialStore[],
): Pick<RegistryOptions, "insecure" | "ca" | "credential"> {
  return { insecure, ...omitUndefined({ ca }), credential: (registry) => findCredential(stores, registry) };
}
