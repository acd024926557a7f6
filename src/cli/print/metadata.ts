/** `--metadata-file` as buildx writes it: two spaces of indent, sorted keys, no line feed at the end, complete or absent. */
import type { BuildResult } from "../../events.ts";
import { InvalidInput } from "../../errors.ts";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

type Provenances = Readonly<Record<string, object>>;

/**
 * Those keys of buildx (commands/build.go, BuildKit's exptypes) for which there is a value.
 * @param provenances by their keys: `buildx.build.provenance`, and with several platforms one for each
 */
export function metadataOf(result: BuildResult, provenances: Provenances = {}): Record<string, unknown> {
  const { builder, name, digest, configDigest, descriptor, names = result.references } = result;
  return {
    ...provenances,
    // BUILDER/NODE/ID: each of slipway's builders has one node.
    "buildx.build.ref": `${builder}/${builder}0/${name}`,
    ...(result.imageless === true ? {} : imageOf()),
  };

  function imageOf(): Record<string, unknown> {
    const { mediaType, size, annotations, platform } = descriptor ?? {};
    return {
      ...omitUndefined({ "containerimage.config.digest": configDigest }),
      ...(descriptor === undefined
        ? {}
        : {
            "containerimage.descriptor": { mediaType, digest, size, ...omitUndefined({ annotations, platform }) },
          }),
      "containerimage.digest": digest,
      ...(names.length === 0 ? {} : { "image.name": names.join(",") }),
    };
  }
}

/** @throws InvalidInput if the file cannot be written, although the image is built */
export function writeMetadata(file: string, result: BuildResult, provenances?: Provenances): void {
  writeJson(file, metadataOf(result, provenances), IMAGE_BUILT);
}

/** The answer to `--call`, as docker's frontend sends it. @throws InvalidInput if the file cannot be written */
export function writeAnswer(file: string, answer: Readonly<Record<string, unknown>>): void {
  writeJson(file, answer, "");
}

/** Bake's file, with an object for each target. @throws InvalidInput as `writeMetadata` */
export function writeTargetsMetadata(
  file: string,
  results: ReadonlyMap<string, { readonly result: BuildResult; readonly provenances: Provenances }>,
): void {
  const targets = [...results].map(([target, { result, provenances }]) => [target, metadataOf(result, provenances)]);
  writeJson(file, Object.fromEntries(targets) as object, IMAGE_BUILT);
}

/** The file of `imagetools create`. @throws InvalidInput if the file cannot be written, although the image is pushed */
export function writeImageMetadata(file: string, descriptor: object, repositories: readonly string[]): void {
  const content = { "containerimage.descriptor": descriptor, "image.name": repositories.join(",") };
  writeJson(file, content, "the image was pushed, but ");
}

/** Start of the error: a caller must not take the build for failed. */
const IMAGE_BUILT = "the image was built, but ";

/** @param prefix of the error's message */
function writeJson(file: string, content: object, prefix: string): void {
  try {
    replaceFile(file, JSON.stringify(content, undefined, 2), { mode: 0o644 });
  } catch (error) {
    throw new InvalidInput(`${prefix}--metadata-file ${file} cannot be written: ${(error as Error).message}`, {
      docker: "refuses",
      cause: error,
    });
  }
}
