/**
 * Finds programs on the PATH only, on every system. Windows, and Node on Windows, search the working directory first, where a
 * `git.exe` may have come with the source.
 */
import { spawn, type ChildProcess, type ChildProcessByStdio, type SpawnOptions } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { posix, win32 } from "node:path";
import type { Readable, Writable } from "node:stream";

type Environment = Readonly<Record<string, string | undefined>>;

/** File types that Node can start on Windows without a shell. */
const WINDOWS_EXTENSIONS = [".com", ".exe"];

/** The error of a program that is not on the PATH, with the fields of Node's own. */
export class ProgramNotFound extends Error {
  readonly code = "ENOENT";
  readonly path: string;

  constructor(name: string) {
    super(`${name} is not on the PATH`);
    this.path = name;
  }
}

/**
 * The absolute path of a program, or undefined if it is not on the PATH. Empty and relative entries of the PATH mean the working
 * directory, or a directory in it, and are skipped.
 *
 * @param name a file name without directories, or an absolute path, which is returned unchanged
 */
export function findProgram(
  name: string,
  env: Environment = process.env,
  platform: string = process.platform,
): string | undefined {
  const path = platform === "win32" ? win32 : posix;
  if (path.isAbsolute(name)) return name;
  if (name === "" || name.includes("/") || (platform === "win32" && /[\\:]/.test(name))) return undefined;
  const names = platform === "win32" ? windowsNames(name) : [name];
  for (const directory of pathOf(env, platform).split(path.delimiter)) {
    if (!isFullyNamed(directory, platform)) continue;
    const found = names.map((file) => path.join(directory, file)).find((file) => isProgram(file, platform));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Node on Windows takes `\bin` as absolute, but it depends on the drive of the working directory. */
function isFullyNamed(directory: string, platform: string): boolean {
  return platform === "win32" ? /^(?:[a-z]:[\\/]|\\\\)/i.test(directory) : directory.startsWith("/");
}

function windowsNames(name: string): readonly string[] {
  const hasExtension = WINDOWS_EXTENSIONS.some((extension) => name.toLowerCase().endsWith(extension));
  return hasExtension ? [name] : WINDOWS_EXTENSIONS.map((extension) => name + extension);
}

/** Windows calls it `Path` and ignores case. A copy of the environment does not ignore case. */
function pathOf(env: Environment, platform: string): string {
  if (platform !== "win32") return env["PATH"] ?? "";
  const key = Object.keys(env).find((name) => name.toUpperCase() === "PATH");
  return (key === undefined ? undefined : env[key]) ?? "";
}

function isProgram(file: string, platform: string): boolean {
  try {
    if (!statSync(file).isFile()) return false;
    if (platform !== "win32") accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Node's `spawn` without its search for the program. @throws ProgramNotFound */
export function startProgram(
  name: string,
  args: readonly string[],
  options: SpawnOptions & { readonly stdio: readonly ["pipe", "pipe", "pipe"] },
): ChildProcessByStdio<Writable, Readable, Readable>;
export function startProgram(
  name: string,
  args: readonly string[],
  options: SpawnOptions & { readonly stdio: readonly ["ignore", "pipe", "pipe"] },
): ChildProcessByStdio<null, Readable, Readable>;
export function startProgram(
  name: string,
  args: readonly string[],
  options: SpawnOptions & { readonly stdio: readonly ["ignore", "ignore", "pipe"] },
): ChildProcessByStdio<null, null, Readable>;
export function startProgram(name: string, args: readonly string[], options: object): ChildProcess;
export function startProgram(name: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const env = options.env ?? process.env;
  const program = findProgram(name, env);
  if (program === undefined) throw new ProgramNotFound(name);
  // Its child processes do not search the working directory either: cmd.exe, Go and git obey this variable.
  const own = process.platform === "win32" ? { NoDefaultCurrentDirectoryInExePath: "1" } : {};
  return spawn(program, [...args], { ...options, env: { ...env, ...own } });
}
