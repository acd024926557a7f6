/**
 * The way into an engine with the least bytes: where the image is pushed as well, and the engine reaches that registry, the engine pulls
 * the layers that it lacks, and nothing is sent through the pod and this machine.
 */
import type { Credential } from "../../../lib/credentials/credentials.ts";
import { keyOf } from "../../../lib/credentials/credentials.ts";
import type { RegistryLogin } from "../../../lib/engine/engine-client.ts";
import type { EngineAddress } from "../../../lib/engine/find-engine.ts";
import type { Reference } from "../../../lib/image/reference.ts";
import { isLoopback } from "../../../lib/http/proxy.ts";
import { LIMITS } from "../../../lib/limits/limits.ts";
import { pushes } from "../../../plan/plan.ts";
import type { BuildPlan } from "../../../plan/plan.ts";
import type { ReachedEngine } from "./reach-engine.ts";
import { omitUndefined } from "../../../lib/text/omit-undefined.ts";

export type FindCredential = (registry: string) => Promise<Credential | undefined>;

export interface EnginePull {
  /** The name that is pulled, by its digest. */
  readonly from: Reference;
  readonly login?: RegistryLogin;
}

/** Asked before the build, as a build whose image is pulled makes no archive. @returns undefined if the image has to be sent */
export async function planPull(
  plan: BuildPlan,
  { client, info, found }: ReachedEngine,
  credentialOf: FindCredential,
): Promise<EnginePull | undefined> {
  const [from] = plan.tags;
  // Podman has no way to ask.
  if (from === undefined || !pushes(plan) || info.isPodman) return undefined;
  const credential = await credentialOf(from.registry);
  if (credential !== undefined && !isPrivate(found.address)) return undefined;
  const login = credential === undefined ? {} : { login: loginOf(from.registry, credential) };
  const limit = AbortSignal.timeout(LIMITS.ENGINE_REGISTRY_MS.value);
  const reaches = await client
    .until(limit)
    .reachesRegistry(from.toString(), login.login)
    .catch((error: unknown) => {
      if (limit.aborted) return false;
      throw error;
    });
  return reaches ? { from, ...login } : undefined;
}

/** Whether nobody on the way to the engine can read a password. */
function isPrivate(address: EngineAddress): boolean {
  return (
    address.kind !== "tcp" || address.tls !== undefined || address.host === "localhost" || isLoopback(address.host)
  );
}

function loginOf(registry: string, { username, password, identityToken, registryToken }: Credential): RegistryLogin {
  return {
    ...omitUndefined({ username, password, identitytoken: identityToken, registrytoken: registryToken }),
    serveraddress: keyOf(registry),
  };
}
