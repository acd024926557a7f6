/** Finds and reads the configuration files. The YAML parser is loaded only if there is a file. */
import { realpathSync, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { InvalidInput } from "../../errors.ts";
import type { Keys } from "./keys.ts";
import type { Configuration, ConfigurationText } from "./parse-config.ts";
import { configDirectory } from "../../lib/files/cache-directory.ts";
import { readIfThere } from "../../lib/files/read-file.ts";
import { workingDirectory } from "../../lib/files/working-directory.ts";
import type { ParsedArgs } from "../../lib/pflag/argv.ts";
import { booleanOf } from "../../lib/text/booleans.ts";
import { pathBelow } from "../../lib/files/path-below.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export const PROJECT_FILE = ".slipway.yaml";

export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  readonly home: string;
  /** The user's id; undefined on systems without user ids. */
  readonly uid: number | undefined;
  /** The id of the user who owns the file. */
  readonly ownerOf: (path: string) => Promise<number>;
}

export interface Configurations {
  readonly user?: Configuration;
  readonly project?: Configuration;
}

export function surroundings(): Surroundings {
  return {
    env: process.env,
    cwd: workingDirectory(),
    home: homedir(),
    uid: process.getuid?.(),
    ownerOf: async (path) => (await stat(path)).uid,
  };
}

/** SLIPWAY_CONFIG, else config.yaml in the directory of the user's configuration. */
export function userConfigPath({ env, cwd, home }: Pick<Surroundings, "env" | "cwd" | "home">): string {
  const named = env["SLIPWAY_CONFIG"] ?? "";
  if (named !== "") return resolve(cwd, named);
  return join(configDirectory(env, home), "config.yaml");
}

/**
 * @param context the directory that is built: a project's file applies only to contexts in its own directory. Null: the context comes
 *   from another source, and no project's file is read
 * @throws InvalidInput for a file that cannot be read or is not valid
 */
export async function findConfigurations(
  keys: Keys,
  { env, cwd, home, uid, ownerOf }: Surroundings,
  context?: string | null,
): Promise<Configurations> {
  const userPath = userConfigPath({ env, cwd, home });
  const projectPath = context === null || !wantsProject(env) ? undefined : findProjectFile(cwd);
  const userText = await readConfiguration(userPath);
  if (userText === undefined && (env["SLIPWAY_CONFIG"] ?? "") !== "") {
    throw new InvalidInput(`the configuration ${userPath} of SLIPWAY_CONFIG does not exist`, {
      suggestions: ["Unset SLIPWAY_CONFIG, or name a file that exists."],
    });
  }
  const project = projectPath !== undefined && isWithin(context ?? cwd, dirname(projectPath)) ? projectPath : undefined;
  if (userText === undefined && project === undefined) return {};
  const { parseConfiguration } = await import("./parse-config.ts");
  const read = (path: string, text: string, trustLevel: ConfigurationText["trustLevel"]): Configuration =>
    parseConfiguration({ path, text, trustLevel, home, userPath }, keys);
  const user = userText === undefined ? {} : { user: read(userPath, userText, "user") };
  if (project === undefined || project === userPath) return user;
  const trusted = (user.user?.trust ?? []).some((directory) => isWithin(dirname(project), directory));
  if (!trusted) checkOwner(project, await ownerOf(project), uid, userPath);
  const text = (await readConfiguration(project)) ?? "";
  return { ...user, project: read(project, text, trusted ? "trusted" : "untrusted") };
}

/** @throws InvalidInput for a value that is not a boolean */
function wantsProject(env: Environment): boolean {
  const text = env["SLIPWAY_PROJECT_CONFIG"] ?? "";
  if (text === "") return true;
  const on = booleanOf(text);
  if (on !== undefined) return on;
  throw new InvalidInput(`SLIPWAY_PROJECT_CONFIG is "${text}", which is neither true nor false`, {
    suggestions: ["Write SLIPWAY_PROJECT_CONFIG=true or SLIPWAY_PROJECT_CONFIG=false, or unset it."],
  });
}

/** Looks in the working directory, then in each directory above it, as git does for its own directory. */
function findProjectFile(cwd: string): string | undefined {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const path = join(directory, PROJECT_FILE);
    if (isFile(path)) return path;
    if (dirname(directory) === directory) return undefined;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    // It cannot be asked for, so it cannot be read either.
    return false;
  }
}

/** Another user could put a file into a directory above, for example /tmp, and redirect this user's images. @throws InvalidInput */
function checkOwner(path: string, owner: number, uid: number | undefined, userPath: string): void {
  if (uid === undefined || owner === uid || owner === 0) return;
  throw new InvalidInput(`${path} belongs to user ${owner}, but you are user ${uid}: slipway does not read it`, {
    suggestions: [
      `Trust its directory in your own file, ${userPath}: \`trust: ["${dirname(path)}"]\`.`,
      "To build without the file: SLIPWAY_PROJECT_CONFIG=false.",
    ],
  });
}

/** The directory behind a context's path; null for a URL. Links are resolved, as a link in a project may point out of it. */
export function contextDirectory(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

/** Path of the Dockerfile; undefined if the context is not a directory of this machine. */
export function dockerfilePath(context: string, file: string | undefined): string | undefined {
  const root = contextDirectory(context);
  if (root === null || context === "-") return undefined;
  return file === undefined || file === "-" || /^https?:/.test(file) ? join(root, "Dockerfile") : resolve(file);
}

/**
 * The context that a command line of a build names, for the settings that apply to it.
 * @returns undefined for standard input: the user pipes it in, so the project's file may speak for it; null for a URL, which may be a stranger's
 */
export function typedContext([path = "."]: readonly string[]): string | null | undefined {
  return path === "-" ? undefined : contextDirectory(path);
}

/** The Dockerfile that a command line of a build names, or else its variable or the configuration. */
export function typedDockerfile({ args, rest }: ParsedArgs, configured: string | undefined): string | undefined {
  const typed = args.findLast((arg) => arg.startsWith("--file="))?.slice("--file=".length);
  return dockerfilePath(rest[0] ?? ".", typed ?? (process.env["SLIPWAY_FILE"] || configured));
}

function isWithin(path: string, directory: string): boolean {
  return pathBelow(directory, path) !== undefined;
}

async function readConfiguration(path: string): Promise<string | undefined> {
  return (await readIfThere(path, { what: "the configuration ", docker: "accepts" }))?.toString();
}
