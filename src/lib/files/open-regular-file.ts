/** Opens a file in a directory that somebody else may have filled: with links to other files, FIFOs and devices. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

/**
 * Opens a regular file for reading. Follows no symlink in the last part of the path, and never waits for a FIFO's writer.
 * @returns undefined for everything else than a regular file, and where there is nothing that can be read
 */
export async function openRegularFile(path: string): Promise<FileHandle | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (file === undefined || (await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}
