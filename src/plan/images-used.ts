/** The images that a build reads from registries. */
import { familiarName } from "./docker/build-contexts.ts";
import type { DockerOptions } from "./docker/options.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import { imageReferences } from "../lib/dockerfile/references.ts";
import type { BuildInputs } from "./gather.ts";
import { parseReference } from "../lib/image/reference.ts";
import type { Reference } from "../lib/image/reference.ts";
import type { BuildRequest } from "./request.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

/** Images that the Dockerfile uses, without those that `--build-context` replaces. Empty if only the builder reads the Dockerfile. */
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
    ...omitUndefined({ target: request.target }),
  });
  // If a name has a variable that only the builder knows, the builder decides.
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

/** Images that make attestations. */
export function generatorsOf({ attestations = [] }: DockerOptions): Reference[] {
  return attestations.flatMap(({ attributes: { generator = "" } }) =>
    generator === "" ? [] : [parseReference(generator, "generator")],
  );
}

/** Images of `--build-context`. */
export function contextImages({ buildContexts = [] }: DockerOptions): Reference[] {
  return buildContexts.flatMap(({ name, source }) =>
    source.kind === "image" ? [parseReference(source.image, `image of --build-context ${name}`)] : [],
  );
}

/** Caches in registries, which may need a login too. */
export function cachesOf(entries: DockerOptions["cacheFrom"] = []): Reference[] {
  return entries.flatMap(({ type, attributes }) =>
    type === "registry" ? [parseReference(attributes["ref"] ?? "", "cache reference")] : [],
  );
}
