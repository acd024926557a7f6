/**
 * The secrets that a builder uses to log in to a repository. Docker defines their ids (BuildKit, source/git: authSecretNames).
 * Pure.
 */
import type { BuildSecret } from "./docker/options.ts";
import type { BuildPlan } from "./plan.ts";

/** Moves the repository's token out of the build's secrets, for a builder that takes the token in another way. */
export function withGitToken(plan: BuildPlan): BuildPlan {
  const { repository, secrets = [], ...rest } = plan;
  const token = repository === undefined ? undefined : findGitToken(secrets, new URL(repository.remote).host);
  if (repository === undefined || token === undefined) return plan;
  const others = secrets.filter((secret) => secret !== token);
  return { ...rest, repository: { ...repository, token }, ...(others.length === 0 ? {} : { secrets: others }) };
}

/** All secrets of a build, the repository's token included. */
export function secretsOf({ repository, secrets = [] }: BuildPlan): readonly BuildSecret[] {
  return repository?.token === undefined ? secrets : [...secrets, repository.token];
}

const TOKEN = "GIT_AUTH_TOKEN";
const HEADER = "GIT_AUTH_HEADER";

/** The token for a host. A secret for this host comes before a secret for every host. */
export function findGitToken(secrets: readonly BuildSecret[], host: string): BuildSecret | undefined {
  const named = (wanted: string): BuildSecret | undefined => secrets.find(({ id }) => id === wanted);
  return named(`${TOKEN}.${host}`) ?? named(TOKEN);
}

/** A secret with a whole Authorization header, which not every builder can send. */
export function findGitHeader(secrets: readonly BuildSecret[]): BuildSecret | undefined {
  return secrets.find(({ id }) => id === HEADER || id.startsWith(`${HEADER}.`));
}

/** Removes the line feed that a file usually ends with. A token or a header never ends with one. */
export function trimmed(id: string, value: Uint8Array): Uint8Array {
  if (!/^GIT_AUTH_(?:TOKEN|HEADER)(?:\.|$)/.test(id)) return value;
  return Buffer.from(Buffer.from(value).toString("latin1").trimEnd(), "latin1");
}
