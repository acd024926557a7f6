/** `--verify-base`: every image a build draws on is named by its digest, so that it is the one that was looked at. */
import { familiarName } from "./docker/build-contexts.ts";
import type { BuildContext } from "./docker/options.ts";
import type { Dockerfile } from "../lib/dockerfile/parse.ts";
import { findImages } from "../lib/dockerfile/references.ts";
import type { ImageUse } from "../lib/dockerfile/references.ts";
import { InvalidInput } from "../errors.ts";
import { parseReference } from "../lib/image/reference.ts";

/**
 * Every stage counts, as some builders build those, too, that the target does not need; and the frontend of `# syntax=`, which
 * BuildKit runs.
 * @throws InvalidInput for the first that has no digest, or whose name only the builder would know
 */
export function verifyBases(
  dockerfile: Dockerfile,
  buildArgs: ReadonlyMap<string, string>,
  contexts: readonly BuildContext[] = [],
): void {
  for (const { name, source } of contexts) {
    if (source.kind !== "image" || parseReference(source.image).digest !== undefined) continue;
    throw new InvalidInput(`--build-context ${name} names no digest of its image, and --verify-base wants one`, {
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
        `Dockerfile line ${line}: ${by} ${text} has a variable whose value is not known here, and --verify-base wants a digest`,
        {
          suggestions: ["Give the value with --build-arg, or write the image out."],
        },
      );
    }
    if (by !== "# syntax=" && replaced.has(familiarName(image) ?? image)) continue;
    if (parseReference(image).digest === undefined) {
      throw new InvalidInput(`Dockerfile line ${line}: ${by} ${image} names no digest, and --verify-base wants one`, {
        suggestions: [
          `Write ${image}@sha256:…; \`docker buildx imagetools inspect ${image}\` and \`crane digest ${image}\` print it.`,
        ],
      });
    }
  }
}
