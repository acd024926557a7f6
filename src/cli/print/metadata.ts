/** `--metadata-file`, as buildx writes it: two spaces of indent, keys in order, no line feed at the end, there whole or not at all. */
import { rename, rm, writeFile } from "node:fs/promises";
import type { BuildResult } from "../../events.ts";
import { InvalidInput } from "../../errors.ts";

/**
 * The keys of buildx (commands/build.go, BuildKit's exptypes) that there is something to say about.
 * @param provenance what it says of how the image came to be
 */
export function metadataOf(result: BuildResult, provenance?: object): Record<string, unknown> {
  const { builder, name, digest, configDigest, descriptor, names = result.references } = result;
  return {
    ...(provenance === undefined ? {} : { "buildx.build.provenance": provenance }),
    // BUILDER/NODE/ID: slipway's builders have one node each.
    "buildx.build.ref": `${builder}/${builder}0/${name}`,
    ...(result.imageless === true ? {} : imageOf()),
  };

  function imageOf(): Record<string, unknown> {
    const { mediaType, size, platform } = descriptor ?? {};
    return {
      ...(configDigest === undefined ? {} : { "containerimage.config.digest": configDigest }),
      ...(descriptor === undefined
        ? {}
        : {
            "containerimage.descriptor": { mediaType, digest, size, ...(platform === undefined ? {} : { platform }) },
          }),
      "containerimage.digest": digest,
      ...(names.length === 0 ? {} : { "image.name": names.join(",") }),
    };
  }
}

/** @throws InvalidInput when the file cannot be written; the image is built then. */
export async function writeMetadata(file: string, result: BuildResult, provenance?: object): Promise<void> {
  await writeJson(file, metadataOf(result, provenance));
}

/** Of an answer to `--call`: what docker's frontend would have sent. @throws InvalidInput as `writeMetadata` */
export async function writeAnswer(file: string, answer: Readonly<Record<string, unknown>>): Promise<void> {
  await writeJson(file, answer);
}

/** Bake's: an object for each target. @throws InvalidInput as `writeMetadata` */
export async function writeTargetsMetadata(
  file: string,
  results: ReadonlyMap<string, { readonly result: BuildResult; readonly provenance?: object | undefined }>,
): Promise<void> {
  const targets = [...results].map(([target, { result, provenance }]) => [target, metadataOf(result, provenance)]);
  await writeJson(file, Object.fromEntries(targets) as object);
}

async function writeJson(file: string, content: object): Promise<void> {
  const partial = `${file}.${process.pid}.partial`;
  try {
    await writeFile(partial, JSON.stringify(content, undefined, 2), { mode: 0o644 });
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw new InvalidInput(
      `the image was built, but --metadata-file ${file} cannot be written: ${(error as Error).message}`,
      { docker: "refuses", cause: error },
    );
  }
}
