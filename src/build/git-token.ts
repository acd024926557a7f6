/** Where a builder takes a repository's token in a way of its own, it is none of the build's secrets any more. Pure. */
import { tokenFor } from "../docker/git-secrets.ts";
import type { BuildSecret } from "../docker/options.ts";
import type { BuildPlan } from "./plan.ts";

export function withGitToken(plan: BuildPlan): BuildPlan {
  const { repository, secrets = [], ...rest } = plan;
  const token = repository === undefined ? undefined : tokenFor(secrets, new URL(repository.remote).host);
  if (repository === undefined || token === undefined) return plan;
  const others = secrets.filter((secret) => secret !== token);
  return { ...rest, repository: { ...repository, token }, ...(others.length === 0 ? {} : { secrets: others }) };
}

/** All that travels or is taken from the namespace. */
export function secretsOf({ repository, secrets = [] }: BuildPlan): readonly BuildSecret[] {
  return repository?.token === undefined ? secrets : [...secrets, repository.token];
}
