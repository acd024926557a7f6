/**
 * Finds programs on the PATH only, on every system. Windows, and Node on Windows, search the working directory first, where a
 * `git.exe` may have come with the source.
 */
import { spawn, type ChildProcess, type ChildProcessByStdio, type SpawnOptions } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { posix, win32 } from "node:path";
import type { Readable, Writable } from "node:stream";
import { trimEndChars } from "../text/linear.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** File types that are programs on Windows, in the order of its default PATHEXT. */
const WINDOWS_EXTENSIONS = [".com", ".exe", ".bat", ".cmd"];
/** cmd.exe would read these as syntax, also between quotation marks. */
// oxlint-disable-next-line no-control-regex -- a line end starts another command
const CMD_SYNTAX = /["%!\u0000-\u001F]/;

/** An arg that cannot be passed to a batch file unchanged. */
export class UnsafeArgument extends Error {
  readonly code = "EINVAL";
}

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
  const names = platform === "win32" ? windowsNames(name, env) : [name];
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

/** PATHEXT says which types come first. Types that are not programs, such as scripts of WSH, are skipped. */
function windowsNames(name: string, env: Environment): readonly string[] {
  const hasExtension = WINDOWS_EXTENSIONS.some((extension) => name.toLowerCase().endsWith(extension));
  if (hasExtension) return [name];
  const wanted = valueOf(env, "PATHEXT")
    .toLowerCase()
    .split(";")
    .filter((extension) => WINDOWS_EXTENSIONS.includes(extension));
  return (wanted.length > 0 ? wanted : WINDOWS_EXTENSIONS).map((extension) => name + extension);
}

/** Windows calls it `Path` and ignores case. */
function pathOf(env: Environment, platform: string): string {
  return platform === "win32" ? valueOf(env, "PATH") : (env["PATH"] ?? "");
}

/** A variable of Windows, in any case: a copy of the environment does not ignore case. */
function valueOf(env: Environment, variable: string): string {
  const key = Object.keys(env).find((name) => name.toUpperCase() === variable);
  return (key === undefined ? undefined : env[key]) ?? "";
}

/** How a program is started: Node starts no batch file by itself. */
export interface Start {
  readonly program: string;
  readonly args: readonly string[];
  /** The args are already quoted, for Windows. */
  readonly windowsVerbatimArguments?: true;
}

/**
 * A batch file is run by cmd.exe, without the user's AutoRun commands.
 * @param program absolute path
 * @throws UnsafeArgument for an arg that cmd.exe would read as syntax
 */
export function startOf(program: string, args: readonly string[], env: Environment, platform: string): Start {
  if (platform !== "win32" || !/\.(?:bat|cmd)$/i.test(program)) return { program, args };
  const unsafe = [program, ...args].find((text) => CMD_SYNTAX.test(text));
  if (unsafe !== undefined) {
    throw new UnsafeArgument(`${program} is a batch file, to which ${JSON.stringify(unsafe)} cannot be passed`);
  }
  // A backslash before a quotation mark would escape it for the program that the batch file starts.
  const quoted = [program, ...args].map((text) => `"${text}${text.slice(trimEndChars(text, "\\").length)}"`);
  const system = valueOf(env, "SYSTEMROOT") || "C:\\Windows";
  return {
    program: win32.join(system, "System32", "cmd.exe"),
    args: ["/d", "/v:off", "/s", "/c", `"${quoted.join(" ")}"`],
    windowsVerbatimArguments: true,
  };
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

/** Node's `spawn` without its search for the program. @throws ProgramNotFound; UnsafeArgument for a batch file of Windows */
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
  const found = findProgram(name, env);
  if (found === undefined) throw new ProgramNotFound(name);
  const { program, args: passed, ...how } = startOf(found, args, env, process.platform);
  // Its child processes do not search the working directory either: cmd.exe, Go and git obey this variable.
  const own = process.platform === "win32" ? { NoDefaultCurrentDirectoryInExePath: "1" } : {};
  return spawn(program, [...passed], { ...options, ...how, env: { ...env, ...own } });
}
