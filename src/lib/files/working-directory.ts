/** The working directory, even if it was deleted. */
import { isAbsolute } from "node:path";

/** Returns the absolute path. For a deleted directory it is the shell's PWD, so that only the use of relative paths fails. */
export function workingDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const current = currentDirectory();
  if (current !== undefined) return current;
  const known = env["PWD"] ?? "";
  return isAbsolute(known) ? known : "/";
}

/** Whether the working directory still exists. */
export function hasWorkingDirectory(): boolean {
  return currentDirectory() !== undefined;
}

function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** Whether an error says that the working directory is gone. */
export function isWorkingDirectoryGone(error: unknown): boolean {
  return error instanceof Error && "syscall" in error && error.syscall === "uv_cwd";
}
