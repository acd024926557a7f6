/** `--verify-base`: every image that a build uses has to have a digest, so that it is the image that was reviewed. */
import { familiarName } from "./docker/build-contexts.ts";
import type { BuildContext } from "./docker/options.ts";
import type { Dockerfile } from "../lib/dockerfile/parse.ts";
import { findImages } from "../lib/dockerfile/references.ts";
import type { ImageUse } from "../lib/dockerfile/references.ts";
import { InvalidInput } from "../errors.ts";
import { parseReference } from "../lib/image/reference.ts";

/**
 * Every stage counts, because some builders also build stages that the target does not need. The frontend of `# syntax=` counts
 * too, because BuildKit runs it.
 * @throws InvalidInput for the first image without a digest, or with a name that only the builder knows
 */
export function verifyBases(
  dockerfile: Dockerfile,
  buildArgs: ReadonlyMap<string, string>,
  contexts: readonly BuildContext[] = [],
): void {
  for (const { name, source } of contexts) {
    if (source.kind !== "image" || parseReference(source.image).digest !== undefined) continue;
    throw new InvalidInput(`the image of --build-context ${name} has no digest, and --verify-base requires one`, {
      suggestions: [`Write --build-context ${name}=docker-image://${source.image}@sha256:….`],
    });
  }
  const replaced = new Set(contexts.map(({ name }) => name));
  const images: ImageUse[] = findImages(dockerfile, { buildArgs, everyStage: true });
  const syntax = dockerfile.directives.get("syntax");
  const frontend = syntax === undefined ? [] : [{ image: syntax, text: syntax, line: 1, by: "# syntax=" as const }];
  for (const { image, text, line, by } of [...frontend, ...images]) {
    if (image === undefined) {
      throw new InvalidInput(
        `Dockerfile line ${line}: ${by} ${text} has a variable without a known value, and --verify-base requires a digest`,
        {
          suggestions: ["Set the variable with --build-arg, or write the image without a variable."],
        },
      );
    }
    if (by !== "# syntax=" && replaced.has(familiarName(image) ?? image)) continue;
    if (parseReference(image).digest === undefined) {
      throw new InvalidInput(`Dockerfile line ${line}: ${by} ${image} has no digest, and --verify-base requires one`, {
        suggestions: [
          `Write ${image}@sha256:…; \`docker buildx imagetools inspect ${image}\` and \`crane digest ${image}\` print it.`,
        ],
      });
    }
  }
}
