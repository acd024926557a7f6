/** The images a build reads besides making its own: what it needs of registries. */
import { familiarName } from "./docker/build-contexts.ts";
import type { DockerOptions } from "./docker/options.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import { imageReferences } from "../lib/dockerfile/references.ts";
import type { BuildInputs } from "./gather.ts";
import { parseReference } from "../lib/image/reference.ts";
import type { Reference } from "../lib/image/reference.ts";
import type { BuildRequest } from "./request.ts";

/** Images that the Dockerfile draws on, as far as it is here, without those that `--build-context` gives another meaning. */
export function basesOf(
  request: BuildRequest,
  inputs: BuildInputs,
  buildArgs: readonly (readonly [string, string])[],
  { buildContexts = [] }: DockerOptions,
): Reference[] {
  if (inputs.dockerfile.text === undefined) return [];
  const dockerfile = parseDockerfile(inputs.dockerfile.text);
  const names = imageReferences(dockerfile, {
    buildArgs: new Map(buildArgs),
    ...(request.target === undefined ? {} : { target: request.target }),
  });
  // A name with a variable that only the builder knows is the builder's to judge.
  const replaced = new Set(buildContexts.map(({ name }) => name));
  return names.flatMap((name) => {
    if (replaced.has(familiarName(name) ?? name)) return [];
    try {
      return [parseReference(name)];
    } catch {
      return [];
    }
  });
}

/** Images that attestations are made with. */
export function generatorsOf({ attestations = [] }: DockerOptions): Reference[] {
  return attestations.flatMap(({ attributes: { generator = "" } }) =>
    generator === "" ? [] : [parseReference(generator, "generator")],
  );
}

/** Images that `--build-context` gives names to. */
export function contextImages({ buildContexts = [] }: DockerOptions): Reference[] {
  return buildContexts.flatMap(({ name, source }) =>
    source.kind === "image" ? [parseReference(source.image, `image of --build-context ${name}`)] : [],
  );
}

/** Where layers are read from and kept: registries that may want a login as well. */
export function cachesOf(entries: DockerOptions["cacheFrom"] = []): Reference[] {
  return entries.flatMap(({ type, attributes }) =>
    type === "registry" ? [parseReference(attributes["ref"] ?? "", "cache reference")] : [],
  );
}
