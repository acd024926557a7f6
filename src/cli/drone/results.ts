/** Writes the files from which later steps of a pipeline read about an image. */
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { InvalidInput } from "../../errors.ts";
import type { ResultFiles } from "./plugin.ts";

export function wantsResults(files: ResultFiles): boolean {
  return [files.artifact, files.output, files.nameWithDigest, files.nameTagWithDigest].some(
    (file) => file !== undefined,
  );
}

/**
 * @param digest of the image's manifest: `sha256:…`
 * @throws InvalidInput when a file cannot be written, although the image is built
 */
export async function writeResults(files: ResultFiles, digest: string): Promise<void> {
  const { images, archive, registry } = files;
  const repositories = [...new Set(images.map((image) => image.replace(/:[^:/]+$/, "")))];
  // The format of drone-plugins/drone-plugin-lib (drone/artifact.go).
  const card = {
    kind: "docker/v1",
    data: { registryType: "Docker", registryUrl: registry, images: images.map((image) => ({ image, digest })) },
  };
  const variables = [`digest=${digest}`, ...(archive === undefined ? [] : [`IMAGE_TAR_PATH=${archive}`])];
  await write(files.artifact, JSON.stringify(card));
  await write(files.nameWithDigest, lines(repositories.map((name) => `${name}@${digest}`)));
  await write(files.nameTagWithDigest, lines(images.map((name) => `${name}@${digest}`)));
  await write(files.output, lines(variables), appendFile);
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

async function write(
  file: string | undefined,
  text: string,
  how: typeof writeFile | typeof appendFile = writeFile,
): Promise<void> {
  if (file === undefined) return;
  try {
    await mkdir(dirname(file), { recursive: true });
    await how(file, text);
  } catch (error) {
    throw new InvalidInput(`the image was built, but ${file} cannot be written: ${(error as Error).message}`, {
      suggestions: ["Name a file in a directory that the step may write to."],
      cause: error,
    });
  }
}
