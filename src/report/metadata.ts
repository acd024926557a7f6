/** `--metadata-file`, as buildx writes it: two spaces of indent, keys in order, no line feed at the end, there whole or not at all. */
import { rename, rm, writeFile } from "node:fs/promises";
import type { BuildResult } from "../build/events.ts";
import { Refused } from "../errors.ts";

/** The keys of buildx (commands/build.go, BuildKit's exptypes) that there is something to say about. */
export function metadataOf(result: BuildResult): Record<string, unknown> {
  return {
    // BUILDER/NODE/ID: slipway's builders have one node each.
    "buildx.build.ref": `${result.builder}/${result.builder}0/${result.name}`,
    ...(result.configDigest === undefined ? {} : { "containerimage.config.digest": result.configDigest }),
    ...(result.descriptor === undefined
      ? {}
      : {
          "containerimage.descriptor": {
            mediaType: result.descriptor.mediaType,
            digest: result.digest,
            size: result.descriptor.size,
          },
        }),
    "containerimage.digest": result.digest,
    ...(result.references.length === 0 ? {} : { "image.name": result.references.join(",") }),
  };
}

/** @throws UsageError when the file cannot be written; the image is built then. */
export async function writeMetadata(file: string, result: BuildResult): Promise<void> {
  await writeJson(file, metadataOf(result));
}

/** Bake's: an object for each target. @throws UsageError as `writeMetadata` */
export async function writeTargetsMetadata(file: string, results: ReadonlyMap<string, BuildResult>): Promise<void> {
  await writeJson(file, Object.fromEntries([...results].map(([target, result]) => [target, metadataOf(result)])));
}

/** Of an answer to `--call`: what docker's frontend would have sent. @throws Refused as `writeMetadata` */
export async function writeAnswer(file: string, answer: Readonly<Record<string, unknown>>): Promise<void> {
  await writeJson(file, answer);
}

async function writeJson(file: string, content: object): Promise<void> {
  const partial = `${file}.${process.pid}.partial`;
  try {
    await writeFile(partial, JSON.stringify(content, undefined, 2), { mode: 0o644 });
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw new Refused(
      `the image was built, but --metadata-file ${file} cannot be written: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}
