/** `--build-context` in Buildah's words (go.podman.io/buildah, imagebuildah), and where it would do something else than docker. */
import type { BuildPlan } from "../plan/plan.ts";
import { familiarName } from "../plan/docker/build-contexts.ts";
import type { BuildContext } from "../plan/docker/options.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import { findImages } from "../lib/dockerfile/references.ts";
import type { ImageUse } from "../lib/dockerfile/references.ts";
import { BuilderUnable } from "../errors.ts";

const OTHER = ["Use --builder buildkit."];

/** @throws BuilderUnable */
export function refuseContexts(plan: BuildPlan): void {
  const { buildContexts = [], directories = [] } = plan;
  // It filters once more, and by .containerignore rather than by .dockerignore (parse.ContainerIgnoreFile).
  const filtered = directories.find(
    ({ ignoreFile, foreignRules }) => ignoreFile !== undefined || foreignRules === true,
  );
  if (filtered !== undefined) {
    throw new BuilderUnable(
      `buildah would filter --build-context ${buildContexts[filtered.number]?.name} again, by ignore rules of its own`,
      { suggestions: [...OTHER, `Or remove the ignore file from ${filtered.root}.`] },
    );
  }
  for (const { name, source } of buildContexts) {
    if (source.kind !== "directory") continue;
    const from = usesOf(plan, name).find(({ by }) => by === "FROM");
    if (from === undefined) continue;
    throw new BuilderUnable(
      `Dockerfile line ${from.line}: buildah would pull an image ${from.text}, and --build-context ${name} is a directory`,
      { suggestions: OTHER },
    );
  }
}

/** It compares names as they are written, so each spelling the Dockerfile has is given. @param directories holds the directories by number */
export function contextArguments(plan: BuildPlan, directories: string): string[] {
  return (plan.buildContexts ?? []).flatMap(({ name, source }, number) => {
    const spellings = new Set([name, ...usesOf(plan, name).map(({ text }) => text)]);
    return [...spellings].map((text) => `--build-context=${text}=${placeOf(source, `${directories}/${number}`)}`);
  });
}

function usesOf({ dockerfile, buildArgs }: BuildPlan, name: string): ImageUse[] {
  if (dockerfile.text === undefined) return [];
  const options = { buildArgs: new Map(buildArgs), everyStage: true };
  return findImages(parseDockerfile(dockerfile.text), options).filter(
    ({ image }) => image !== undefined && familiarName(image) === name,
  );
}

function placeOf(source: BuildContext["source"], directory: string): string {
  if (source.kind === "image") return `docker-image://${source.image}`;
  return source.kind === "url" ? source.url : directory;
}
