/** `--iidfile` as docker writes it: the old file is removed before the build starts, the new file has no line feed. */
import { rm, writeFile } from "node:fs/promises";
import { InvalidInput } from "../../errors.ts";

/** @throws InvalidInput if the file cannot be removed */
export async function clearImageId(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: Error) => {
    throw new InvalidInput(`--iidfile ${file} cannot be written: ${error.message}`, {
      docker: "refuses",
      cause: error,
    });
  });
}

/** @throws InvalidInput if the file cannot be written, although the image is built */
export async function writeImageId(file: string, digest: string): Promise<void> {
  await writeFile(file, digest, { mode: 0o644 }).catch((error: Error) => {
    throw new InvalidInput(`the image was built, but --iidfile ${file} cannot be written: ${error.message}`, {
      docker: "refuses",
      cause: error,
    });
  });
}
