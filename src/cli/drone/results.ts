/** Writes the files from which later steps of a pipeline read about an image. */
import { dirname } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { appendToFile, makeDirectory, replaceFile } from "../../lib/files/replace-file.ts";
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
export function writeResults(files: ResultFiles, digest: string): void {
  const { images, archive, registry } = files;
  const repositories = [...new Set(images.map((image) => image.replace(/:[^:/]+$/, "")))];
  // The format of drone-plugins/drone-plugin-lib (drone/artifact.go).
  const card = {
    kind: "docker/v1",
    data: { registryType: "Docker", registryUrl: registry, images: images.map((image) => ({ image, digest })) },
  };
  const variables = [`digest=${digest}`, ...(archive === undefined ? [] : [`IMAGE_TAR_PATH=${archive}`])];
  write(files.artifact, JSON.stringify(card));
  write(files.nameWithDigest, lines(repositories.map((name) => `${name}@${digest}`)));
  write(files.nameTagWithDigest, lines(images.map((name) => `${name}@${digest}`)));
  write(files.output, lines(variables), appendToFile);
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

function write(
  file: string | undefined,
  text: string,
  how: (path: string, text: string) => unknown = (path, whole) => replaceFile(path, whole, { mode: 0o666 }),
): void {
  if (file === undefined) return;
  try {
    makeDirectory(dirname(file));
    how(file, text);
  } catch (error) {
    throw new InvalidInput(`the image was built, but ${file} cannot be written: ${(error as Error).message}`, {
      suggestions: ["Name a file in a directory that the step may write to."],
      cause: error,
    });
  }
}
