/** Which credentials and ServiceAccount a build uses. */
import { InvalidInput } from "../errors.ts";
import type { BuildPlan } from "./plan.ts";
import type { RegistryScope } from "../lib/registry/types.ts";
import type { Reference } from "../lib/image/reference.ts";
import type { BuildRequest } from "./request.ts";

/** Names of Secrets and ServiceAccounts (RFC 1123 subdomain; apimachinery, validation.IsDNS1123Subdomain). */
const OBJECT_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** @throws InvalidInput for invalid object names and for options that exclude each other. */
export function accessOf(
  request: Pick<
    BuildRequest,
    "registrySecret" | "serviceAccount" | "noCredentials" | "registryTokens" | "baseRegistries"
  >,
): Pick<BuildPlan, "credentials" | "serviceAccount"> {
  const { registrySecret, serviceAccount, noCredentials } = request;
  if (registrySecret !== undefined && noCredentials === true) {
    throw new InvalidInput("--registry-secret and --no-credentials exclude each other", {
      suggestions: ["Remove one of them."],
    });
  }
  if (request.registryTokens === true && sourceOf(request).kind !== "shipped") {
    throw new InvalidInput(
      "--registry-tokens needs credentials that are sent with the build, and this build sends none",
      {
        suggestions: ["Remove --registry-tokens, or remove --registry-secret, --service-account and --no-credentials."],
      },
    );
  }
  const [host] = request.baseRegistries ?? [];
  if (request.registryTokens === true && host !== undefined) {
    throw new InvalidInput(
      `a token is valid for named repositories only, and --base-registry ${host} names no repository`,
      {
        suggestions: ["Remove --registry-tokens or --base-registry."],
      },
    );
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

/** @throws InvalidInput if the text is not a valid object name. */
export function nameOf(text: string, flag: string): string {
  if (OBJECT_NAME.test(text)) return text;
  throw new InvalidInput(`--${flag} "${text}" is not a valid name of a Kubernetes object`, {
    suggestions: ["Use only lower-case letters, digits, - and .; begin and end with a letter or a digit."],
  });
}

/**
 * @param read images that are only pulled
 * @param written images and caches that are pushed; a builder also reads what is there already
 */
export function scopesOf(read: readonly Reference[], written: readonly Reference[]): RegistryScope[] {
  const actions = new Map<string, RegistryScope>();
  const add = ({ registry, repository }: Reference, what: string): void => {
    actions.set(`${registry}/${repository}`, { registry, scope: `repository:${repository}:${what}` });
  };
  for (const reference of read) add(reference, "pull");
  for (const reference of written) add(reference, "pull,push");
  return [...actions.values()];
}
