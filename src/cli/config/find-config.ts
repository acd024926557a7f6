/** Where configuration is on this disk, and what it says. YAML is loaded only where there is some. */
import { realpathSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { InvalidInput } from "../../errors.ts";
import type { Keys } from "./keys.ts";
import type { Configuration, ConfigurationText } from "./parse-config.ts";
import { booleanOf } from "../../lib/text/booleans.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export const PROJECT_FILE = ".slipway.yaml";

export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  readonly home: string;
  /** The user's id; undefined where there are none. */
  readonly uid: number | undefined;
  /** The id of the user a file belongs to. */
  readonly ownerOf: (path: string) => Promise<number>;
}

export interface Configurations {
  readonly user?: Configuration;
  readonly project?: Configuration;
}

export function surroundings(): Surroundings {
  return {
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    uid: process.getuid?.(),
    ownerOf: async (path) => (await stat(path)).uid,
  };
}

/** SLIPWAY_CONFIG, else slipway/config.yaml of $XDG_CONFIG_HOME or ~/.config. */
export function userConfigPath({ env, cwd, home }: Pick<Surroundings, "env" | "cwd" | "home">): string {
  const named = env["SLIPWAY_CONFIG"] ?? "";
  if (named !== "") return resolve(cwd, named);
  return join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "slipway", "config.yaml");
}

/**
 * @param context the directory that is built, where that is what is done: a project's file speaks for what lies below it only;
 *   null: it comes from elsewhere, and no project's file is read
 * @throws InvalidInput for a file that cannot be read or says what is not understood
 */
export async function findConfigurations(
  keys: Keys,
  { env, cwd, home, uid, ownerOf }: Surroundings,
  context?: string | null,
): Promise<Configurations> {
  const userPath = userConfigPath({ env, cwd, home });
  const [userText, projectPath] = await Promise.all([
    readIfThere(userPath),
    context === null || !wantsProject(env) ? undefined : findUpwards(cwd),
  ]);
  if (userText === undefined && (env["SLIPWAY_CONFIG"] ?? "") !== "") {
    throw new InvalidInput(`SLIPWAY_CONFIG names ${userPath}, which is not there`, {
      suggestions: ["Unset it, or name a file."],
    });
  }
  const project = projectPath !== undefined && isWithin(context ?? cwd, dirname(projectPath)) ? projectPath : undefined;
  if (userText === undefined && project === undefined) return {};
  const { parseConfiguration } = await import("./parse-config.ts");
  const read = (path: string, text: string, standing: ConfigurationText["standing"]): Configuration =>
    parseConfiguration({ path, text, standing, home, userPath }, keys);
  const user = userText === undefined ? {} : { user: read(userPath, userText, "user") };
  if (project === undefined || project === userPath) return user;
  const trusted = (user.user?.trust ?? []).some((directory) => isWithin(dirname(project), directory));
  if (!trusted) refuseOthers(project, await ownerOf(project), uid, userPath);
  const text = (await readIfThere(project)) ?? "";
  return { ...user, project: read(project, text, trusted ? "trusted" : "stranger") };
}

function wantsProject(env: Environment): boolean {
  const text = env["SLIPWAY_PROJECT_CONFIG"] ?? "";
  if (text === "") return true;
  const on = booleanOf(text);
  if (on !== undefined) return on;
  throw new InvalidInput(`SLIPWAY_PROJECT_CONFIG is "${text}", which is neither true nor false`);
}

/** As git looks for its directory: here, then in each directory above. */
async function findUpwards(cwd: string): Promise<string | undefined> {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const path = join(directory, PROJECT_FILE);
    if ((await stat(path).catch(() => undefined))?.isFile() === true) return path;
    if (dirname(directory) === directory) return undefined;
  }
}

/** Somebody else could put a file into a directory above, /tmp for one, and decide where this user's images go. */
function refuseOthers(path: string, owner: number, uid: number | undefined, userPath: string): void {
  if (uid === undefined || owner === uid || owner === 0) return;
  throw new InvalidInput(`${path} belongs to the user ${owner}, and you are ${uid}: it is not read`, {
    suggestions: [
      `Trust its directory in your own file, ${userPath}: \`trust: ["${dirname(path)}"]\`.`,
      "To build without it: SLIPWAY_PROJECT_CONFIG=false.",
    ],
  });
}

/** The directory a context's path means, links followed, as one that came with a project could lead out of it; null for a URL. */
export function contextDirectory(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

/** Where the Dockerfile is; undefined for a context that is no directory of this disk. */
export function dockerfilePath(context: string, file: string | undefined): string | undefined {
  const root = contextDirectory(context);
  if (root === null || context === "-") return undefined;
  return file === undefined || file === "-" || /^https?:/.test(file) ? join(root, "Dockerfile") : resolve(file);
}

function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way === "" || (way !== ".." && !way.startsWith("../"));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new InvalidInput(`the configuration ${path} cannot be read: ${code}`, { cause: error });
  }
}
