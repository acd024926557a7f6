/** `--iidfile` as docker writes it: the old file is removed before the build starts, the new file has no line feed. */
import { InvalidInput } from "../../errors.ts";
import { removeFile, replaceFile } from "../../lib/files/replace-file.ts";

/** @throws InvalidInput if the file cannot be removed */
export function clearImageId(file: string): void {
  try {
    removeFile(file);
  } catch (error) {
    throw new InvalidInput(`--iidfile ${file} cannot be written: ${(error as Error).message}`, {
      docker: "refuses",
      cause: error,
    });
  }
}

/** @throws InvalidInput if the file cannot be written, although the image is built */
export function writeImageId(file: string, digest: string): void {
  try {
    replaceFile(file, digest, { mode: 0o644 });
  } catch (error) {
    throw new InvalidInput(
      `the image was built, but --iidfile ${file} cannot be written: ${(error as Error).message}`,
      { docker: "refuses", cause: error },
    );
  }
}
