/** The Dockerfile of a build in a kept builder: in the request itself, or for the daemon to ask for. */
import { DOCKERFILE_TREE } from "../../builders/buildkit/solve.ts";
import { filesDefinition } from "../../lib/buildkit/definition.ts";
import type { SolveRequest } from "../../lib/buildkit/messages.ts";
import { NO_RULES } from "../../pack/open-context.ts";
import { sentDockerfileName } from "../../plan/dockerfile-name.ts";
import type { BuildPlan } from "../../plan/plan.ts";

/** A request with more than this would be slower than to be asked. */
const MAX_INPUT_BYTES = 1 << 20;

/**
 * The Dockerfile, with an ignore file of its own, for which BuildKit looks first.
 * @returns undefined if the builder reads the Dockerfile from a repository
 */
export function dockerfileTree({ dockerfile }: Pick<BuildPlan, "dockerfile">): Record<string, Uint8Array> | undefined {
  if (dockerfile.text === undefined) return undefined;
  const name = sentDockerfileName(dockerfile.path);
  return {
    [name]: Buffer.from(dockerfile.bytes ?? dockerfile.text),
    [`${name}.dockerignore`]: Buffer.from(NO_RULES),
  };
}

/**
 * What of it is in the request: the daemon need not ask for it then, which takes as long as to find the builder. Where provenance is wanted it asks,
 * as a Dockerfile from the request is not called a local file there.
 */
export function dockerfileInputs(plan: BuildPlan): NonNullable<SolveRequest["frontendInputs"]> {
  const files = dockerfileTree(plan);
  const [name] = Object.keys(files ?? {});
  if (files === undefined || (plan.attestations ?? []).length > 0) return [];
  const bytes = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  if (bytes > MAX_INPUT_BYTES) return [];
  return [{ key: DOCKERFILE_TREE, value: filesDefinition(files, `[internal] load build definition from ${name}`) }];
}
