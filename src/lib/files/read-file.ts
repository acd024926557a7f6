/** Files that a command line names, and why one cannot be had. */
import { readFile } from "node:fs/promises";
import { InvalidInput } from "../../errors.ts";
import type { DockersVerdict } from "../../errors.ts";

/** @param docker what docker makes of it where it cannot be read. @throws InvalidInput */
export async function readOrExplain(file: string, what: string, docker: DockersVerdict = "accepts"): Promise<string> {
  return (await readBytesOrExplain(file, what, docker)).toString();
}

/** As `readOrExplain`. */
export async function readBytesOrExplain(file: string, what: string, docker: DockersVerdict): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InvalidInput(`${what} ${file} ${whyNot(error)}`, { docker, cause: error });
  }
}

/** @throws InvalidInput for what is there and cannot be read */
export async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    throw new InvalidInput(`${file} ${whyNot(error)}`, { docker: "refuses", cause: error });
  }
}

/** The rest of a sentence that begins with the path. */
export function whyNot(error: unknown): string {
  switch (codeOf(error)) {
    case "ENOENT":
      return "not found";
    case "ENOTDIR":
      return "is below something that is not a directory";
    case "EISDIR":
      return "is a directory";
    case "EACCES":
      return "may not be read by you";
    default:
      return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
