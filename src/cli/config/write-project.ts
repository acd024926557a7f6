/** Writes the project's file of `slipway init`. */
import { lstatSync } from "node:fs";
import { InvalidInput } from "../../errors.ts";
import { readIfThere } from "../../lib/files/read-file.ts";
import { UnsafePath, replaceFile } from "../../lib/files/replace-file.ts";
import { settingsText } from "./project-text.ts";
import type { Settings } from "./project-text.ts";

/** Mode of a new file; the umask counts. */
const MODE = 0o666;

export interface SettingsChange {
  /** Whether the file exists. */
  readonly exists: boolean;
  /** The lines that change, as a diff shows them. Empty if the file has these settings already. */
  readonly changes: readonly string[];
  /** @throws InvalidInput if the file cannot be written */
  readonly write: () => void;
}

/**
 * What would change, without changing it.
 * @throws InvalidInput for a link, for what is not a file, and for a file that cannot be read or changed line by line
 */
export async function planSettings(path: string, settings: Settings): Promise<SettingsChange> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  // In a stranger's project it may be a link to any file of this user.
  if (stat !== undefined && !stat.isFile()) {
    throw new InvalidInput(
      `${path} is ${stat.isSymbolicLink() ? "a link" : "not a file"}, so init does not change it`,
      {
        suggestions: ["Move it away, and run `slipway init` again."],
      },
    );
  }
  const old = (await readIfThere(path, { what: "the configuration ", docker: "accepts" }))?.toString();
  const { text, changes } = settingsText(path, old, settings);
  return { exists: old !== undefined, changes, write: () => write(path, text, stat?.mode) };
}

/** @param mode of the file that is replaced */
function write(path: string, text: string, mode: number | undefined): void {
  try {
    replaceFile(path, text, mode === undefined ? { mode: MODE } : { mode: mode & 0o777, exact: true });
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new InvalidInput(`${path} cannot be written: ${error instanceof UnsafePath ? error.message : code}`, {
      suggestions: ["Check the permissions of its directory."],
      cause: error,
    });
  }
}
