/** Where a builder takes a repository's token in a way of its own, it is none of the build's secrets any more. Pure. */
import type { BuildSecret } from "./docker/options.ts";
import type { BuildPlan } from "./plan.ts";

export function withGitToken(plan: BuildPlan): BuildPlan {
  const { repository, secrets = [], ...rest } = plan;
  const token = repository === undefined ? undefined : findGitToken(secrets, new URL(repository.remote).host);
  if (repository === undefined || token === undefined) return plan;
  const others = secrets.filter((secret) => secret !== token);
  return { ...rest, repository: { ...repository, token }, ...(others.length === 0 ? {} : { secrets: others }) };
}

/** All that travels or is taken from the namespace. */
export function secretsOf({ repository, secrets = [] }: BuildPlan): readonly BuildSecret[] {
  return repository?.token === undefined ? secrets : [...secrets, repository.token];
}

// The secrets by which a builder lets itself in to a repository: their ids are docker's (BuildKit, source/git: authSecretNames).

const TOKEN = "GIT_AUTH_TOKEN";
const HEADER = "GIT_AUTH_HEADER";

/** The token for a host, as `--secret` names it: one for this host alone before one for any. */
export function findGitToken(secrets: readonly BuildSecret[], host: string): BuildSecret | undefined {
  const named = (wanted: string): BuildSecret | undefined => secrets.find(({ id }) => id === wanted);
  return named(`${TOKEN}.${host}`) ?? named(TOKEN);
}

/** A whole header instead, which not every builder can send. */
export function findGitHeader(secrets: readonly BuildSecret[]): BuildSecret | undefined {
  return secrets.find(({ id }) => id === HEADER || id.startsWith(`${HEADER}.`));
}

/** Neither token nor header ends in a line feed, and a file does. */
export function trimmed(id: string, value: Uint8Array): Uint8Array {
  if (!/^GIT_AUTH_(?:TOKEN|HEADER)(?:\.|$)/.test(id)) return value;
  return Buffer.from(Buffer.from(value).toString("latin1").trimEnd(), "latin1");
}
