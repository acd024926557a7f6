/** By whose leave a build talks to registries. */
import { UsageError } from "../errors.ts";
import type { BuildPlan } from "./plan.ts";
import type { BuildRequest } from "./request.ts";

/** Names of Secrets and ServiceAccounts (RFC 1123 subdomain; apimachinery, validation.IsDNS1123Subdomain). */
const OBJECT_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** @throws UsageError for names no object can have, and for wishes that exclude each other. */
export function accessOf(
  request: Pick<BuildRequest, "registrySecret" | "serviceAccount" | "noCredentials">,
): Pick<BuildPlan, "credentials" | "serviceAccount"> {
  const { registrySecret, serviceAccount, noCredentials } = request;
  if (registrySecret !== undefined && noCredentials === true) {
    throw new UsageError("--registry-secret and --no-credentials exclude each other", {
      suggestions: ["Leave one of them out."],
    });
  }
  return {
    credentials: sourceOf(request),
    ...(serviceAccount === undefined ? {} : { serviceAccount: nameOf(serviceAccount, "service-account") }),
  };
}

function sourceOf({
  registrySecret,
  serviceAccount,
  noCredentials,
}: Pick<BuildRequest, "registrySecret" | "serviceAccount" | "noCredentials">): BuildPlan["credentials"] {
  if (registrySecret !== undefined) return { kind: "secret", name: nameOf(registrySecret, "registry-secret") };
  return noCredentials === true || serviceAccount !== undefined ? { kind: "none" } : { kind: "shipped" };
}

function nameOf(text: string, flag: string): string {
  if (OBJECT_NAME.test(text)) return text;
  throw new UsageError(`--${flag} "${text}" is not the name of an object of Kubernetes`, {
    suggestions: ["Names have small letters, digits, - and . only."],
  });
}
