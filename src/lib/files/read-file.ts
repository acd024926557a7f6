/** Reads files that the command line names, and explains why one cannot be read. */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { aThirdOf, nearest } from "../text/suggest.ts";
import { publicUrl } from "../text/public-url.ts";
import { InvalidInput } from "../../errors.ts";
import type { DockersVerdict } from "../../errors.ts";
import { NotReadable, readNamedFile, readRegularFile } from "./regular-file.ts";

/** How to report a file that exists but cannot be read. */
export interface UnreadableFile {
  /** Begins the message, before the path: `the configuration `. */
  readonly what?: string;
  readonly docker?: DockersVerdict;
  readonly suggestions?: readonly string[];
}

/** @param docker whether docker refuses it too if it cannot be read. @throws InvalidInput */
export async function readOrExplain(file: string, what: string, docker: DockersVerdict = "accepts"): Promise<string> {
  return (await readBytesOrExplain(file, what, docker)).toString();
}

/** As `readOrExplain`. */
export async function readBytesOrExplain(file: string, what: string, docker: DockersVerdict): Promise<Buffer> {
  try {
    return await readNamedFile(file);
  } catch (error) {
    const meant = codeOf(error) === "ENOENT" ? await nearestFile(file) : undefined;
    const suggestions = meant === undefined ? [] : [`Did you mean ${meant}?`];
    throw new InvalidInput(`${what} ${publicUrl(file)} ${whyNot(error)}`, { docker, suggestions, cause: error });
  }
}

/** A file of the same directory with almost the same name, written as `file` is. */
async function nearestFile(file: string): Promise<string | undefined> {
  try {
    const name = basename(file);
    const entries = await readdir(dirname(file), { withFileTypes: true });
    const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    const sameLetters = names.find((known) => known.toLowerCase() === name.toLowerCase());
    const found = sameLetters ?? nearest(name, names, () => aThirdOf(name));
    return found === undefined || dirname(file) === "." ? found : join(dirname(file), found);
  } catch {
    return undefined;
  }
}

/** Undefined if the file does not exist. @throws InvalidInput if it exists but is not a regular file, or cannot be read */
export async function readIfThere(file: string, report: UnreadableFile = {}): Promise<Buffer | undefined> {
  try {
    return await readRegularFile(file);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    const { what = "", docker = "refuses", suggestions = [] } = report;
    throw new InvalidInput(`${what}${file} ${whyNot(error)}`, { docker, suggestions, cause: error });
  }
}

/** The reason as the end of a sentence that begins with the path. */
export function whyNot(error: unknown): string {
  if (error instanceof NotReadable) return error.message;
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
