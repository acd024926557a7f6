/** The links by which docker, kubectl and compose find slipway, and which of them slipway may create and remove. */
import { access, constants, lstat, mkdir, readFile, readlink, realpath, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, delimiter, dirname, isAbsolute, join, resolve, win32 } from "node:path";
import { InvalidInput } from "../../errors.ts";

/** Programs that slipway can be a plugin of. */
export const HOSTS = ["docker", "kubectl", "compose"] as const;

export type Host = (typeof HOSTS)[number];

type Environment = Readonly<Record<string, string | undefined>>;

interface Plugin {
  readonly file: string;
  readonly use: string;
  /** The file name of a second link, which the host asks for completions. Absent: it asks the plugin itself. */
  readonly completion?: string;
}

/** The file name that each host looks for, and the commands that then use the plugin. */
export const PLUGINS: Readonly<Record<Host, Plugin>> = {
  docker: { file: "docker-slipway", use: "docker slipway build …" },
  kubectl: { file: "kubectl-slipway", use: "kubectl slipway build …", completion: "kubectl_complete-slipway" },
  // Compose, and docker's own `build`, use only the plugin named buildx.
  compose: { file: "docker-buildx", use: "docker compose build, docker buildx build and docker build" },
};

/** The folder where the host looks: docker's plugin folder, or for kubectl a folder of PATH. @throws InvalidInput if there is none */
export async function folderOf(host: Host, env: Environment, program: string): Promise<string> {
  if (host !== "kubectl") return join(env["DOCKER_CONFIG"] || join(homedir(), ".docker"), "cli-plugins");
  const path = (env["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  // First the folder of slipway itself, as it is on the PATH. Then the folders for a user's own programs.
  const beside = path.find((folder) => folder === dirname(program));
  const own = [join(homedir(), ".local/bin"), join(homedir(), "bin")].find((folder) => path.includes(folder));
  const folder = beside ?? own ?? (await writable("/usr/local/bin", path));
  if (folder !== undefined) return folder;
  throw new InvalidInput("kubectl looks for plugins on the PATH, but the PATH has no folder that you may write to", {
    suggestions: ["Name a folder with --dir DIR.", `Or put ${join(homedir(), ".local/bin")} on your PATH.`],
  });
}

async function writable(folder: string, path: readonly string[]): Promise<string | undefined> {
  if (!path.includes(folder)) return undefined;
  return access(folder, constants.W_OK).then(
    () => folder,
    () => undefined,
  );
}

export type Found = "nothing" | "this program" | "another slipway" | "something else";

/** What exists at the path of a link. */
export async function inspectLink(link: string, program: string): Promise<Found> {
  const found = await lstat(link).catch(() => undefined);
  if (found === undefined) return "nothing";
  if (!found.isSymbolicLink()) return "something else";
  const target = resolve(dirname(link), await readlink(link));
  const real = await realpath(target).catch(() => target);
  if (real === program) return "this program";
  return (await isSlipway(real)) ? "another slipway" : "something else";
}

/** Whether the program is a single executable of slipway's, or belongs to a package named slipway: another version, or in another folder. */
async function isSlipway(program: string): Promise<boolean> {
  if (/^slipway(?:\.exe)?$/.test(basename(program))) return true;
  const manifest = await readFile(join(dirname(program), "../package.json"), "utf8").catch(() => "{}");
  try {
    return (JSON.parse(manifest) as { name?: unknown }).name === "slipway";
  } catch {
    return false;
  }
}

/** @returns whether the link was created now. @throws InvalidInput if something else has its path, or if it cannot be written */
export async function makeLink(link: string, program: string): Promise<boolean> {
  const found = await inspectLink(link, program);
  if (found === "this program") return false;
  if (found === "something else") {
    throw new InvalidInput(`${link} already exists and is not slipway's`, {
      suggestions: ["Move that file away, or name another folder with --dir DIR."],
    });
  }
  await explainFailure(link, async () => {
    await mkdir(dirname(link), { recursive: true });
    if (found === "another slipway") await rm(link);
    await symlink(program, link);
  });
  return true;
}

/** @returns whether there was a link. @throws InvalidInput if something else has its path, or if it cannot be removed */
export async function removeLink(link: string, program: string): Promise<boolean> {
  const found = await inspectLink(link, program);
  if (found === "nothing") return false;
  if (found === "something else") {
    throw new InvalidInput(`${link} is not slipway's, so it was not removed`, {
      suggestions: ["Name the folder of the link with --dir DIR."],
    });
  }
  await explainFailure(link, () => rm(link));
  return true;
}

async function explainFailure(link: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new InvalidInput(`${link} cannot be changed: ${code === "" ? message : code}`, {
      suggestions: ["Name a folder that you may write to with --dir DIR."],
      cause: error,
    });
  }
}

export interface PluginPath {
  readonly link: string;
  /** The second link, for completions; only some hosts have it. */
  readonly completion?: string;
  /** The target of the link: this program, with links resolved. */
  readonly program: string;
}

/**
 * @param dir the folder that the user chose
 * @param started the path by which this program was started
 * @throws InvalidInput if there is no folder for the link, and on Windows
 */
export async function locatePlugin(
  host: Host,
  dir: string | undefined,
  env: Environment,
  started: string,
  platform: string = process.platform,
): Promise<PluginPath> {
  if (platform === "win32") throw copyInstead(host, dir, env);
  const folder = dir === undefined ? await folderOf(host, env, started) : resolve(dir);
  const { file, completion } = PLUGINS[host];
  return {
    link: join(folder, file),
    ...(completion === undefined ? {} : { completion: join(folder, completion) }),
    program: await realpath(started),
  };
}

/** On Windows a plugin has to be a program itself, named with `.exe`. */
function copyInstead(host: Host, dir: string | undefined, env: Environment): InvalidInput {
  const plugins = win32.join(env["DOCKER_CONFIG"] || "%USERPROFILE%\\.docker", "cli-plugins");
  const folder = dir ?? (host === "kubectl" ? "FOLDER-OF-YOUR-PATH" : plugins);
  return new InvalidInput("there are no links to plugins on Windows: docker and kubectl want a program of that name", {
    suggestions: [`Copy the executable: copy slipway.exe "${win32.join(folder, `${PLUGINS[host].file}.exe`)}"`],
  });
}
