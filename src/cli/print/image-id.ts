/** `--iidfile`, as docker writes it: the old one is gone before the build starts, the new one has no line feed. */
import { rm, writeFile } from "node:fs/promises";
import { InvalidInput } from "../../errors.ts";

/** @throws InvalidInput when the file cannot be removed. */
export async function clearImageId(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: Error) => {
    throw new InvalidInput(`--iidfile ${file} cannot be written: ${error.message}`, {
      docker: "refuses",
      cause: error,
    });
  });
}

/** @throws InvalidInput when the file cannot be written; the image is built then. */
export async function writeImageId(file: string, digest: string): Promise<void> {
  await writeFile(file, digest, { mode: 0o644 }).catch((error: Error) => {
    throw new InvalidInput(`the image was built, but --iidfile ${file} cannot be written: ${error.message}`, {
      docker: "refuses",
      cause: error,
    });
  });
}
