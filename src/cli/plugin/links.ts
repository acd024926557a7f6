import { access, constants, lstat, mkdir, readFile, readlink, realpath, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { InvalidInput } from "../../errors.ts";

/** Whose plugin slipway can be. */
export const HOSTS = ["docker", "kubectl", "compose"] as const;

export type Host = (typeof HOSTS)[number];

// The links by which docker, kubectl and compose find slipway, and which of them are ours to make and to take away.

type Environment = Readonly<Record<string, string | undefined>>;

/** The file name each host looks for, and how the plugin is used then. */
export const PLUGINS: Readonly<Record<Host, { readonly file: string; readonly use: string }>> = {
  docker: { file: "docker-slipway", use: "docker slipway build …" },
  kubectl: { file: "kubectl-slipway", use: "kubectl slipway build …" },
  // Compose, and docker's own `build`, ask for the plugin buildx and for no other.
  compose: { file: "docker-buildx", use: "docker compose build, docker buildx build and docker build" },
};

/** Where the host looks: docker's plugin folder; for kubectl a folder of PATH. @throws InvalidInput when there is none */
export async function folderOf(host: Host, env: Environment, program: string): Promise<string> {
  if (host !== "kubectl") return join(env["DOCKER_CONFIG"] || join(homedir(), ".docker"), "cli-plugins");
  const path = (env["PATH"] ?? "").split(":").filter((folder) => folder.startsWith("/"));
  // Where slipway was found itself, a plugin is found too; else where people keep their own programs.
  const beside = path.find((folder) => folder === dirname(program));
  const own = [join(homedir(), ".local/bin"), join(homedir(), "bin")].find((folder) => path.includes(folder));
  const folder = beside ?? own ?? (await writable("/usr/local/bin", path));
  if (folder !== undefined) return folder;
  throw new InvalidInput(`kubectl looks for plugins on the PATH, and there is no folder of yours on it`, {
    suggestions: ["Name one with --dir DIR.", `Or put ${join(homedir(), ".local/bin")} on your PATH.`],
  });
}

async function writable(folder: string, path: readonly string[]): Promise<string | undefined> {
  if (!path.includes(folder)) return undefined;
  return access(folder, constants.W_OK).then(
    () => folder,
    () => undefined,
  );
}

export type Found = "nothing" | "ours" | "another slipway" | "a stranger";

/** What lies at a link's place. Only links to slipway's own program are ours. */
export async function lookAt(link: string, program: string): Promise<Found> {
  const found = await lstat(link).catch(() => undefined);
  if (found === undefined) return "nothing";
  if (!found.isSymbolicLink()) return "a stranger";
  const target = resolve(dirname(link), await readlink(link));
  const real = await realpath(target).catch(() => target);
  if (real === program) return "ours";
  return (await isSlipway(real)) ? "another slipway" : "a stranger";
}

/** A program `bin/run.js` of a package named slipway: another version's, or another folder's. */
async function isSlipway(program: string): Promise<boolean> {
  const manifest = await readFile(join(dirname(program), "../package.json"), "utf8").catch(() => "{}");
  try {
    return (JSON.parse(manifest) as { name?: unknown }).name === "slipway";
  } catch {
    return false;
  }
}

/** @returns whether anything had to be done. @throws InvalidInput when the place is somebody else's, or cannot be written to */
export async function makeLink(link: string, program: string): Promise<boolean> {
  const found = await lookAt(link, program);
  if (found === "ours") return false;
  if (found === "a stranger") {
    throw new InvalidInput(`${link} is there already, and is not slipway's`, {
      suggestions: ["Move it away first, or name another folder with --dir DIR."],
    });
  }
  await written(link, async () => {
    await mkdir(dirname(link), { recursive: true });
    if (found === "another slipway") await rm(link);
    await symlink(program, link);
  });
  return true;
}

/** @returns whether there was one. @throws InvalidInput when what is there is somebody else's, or cannot be removed */
export async function removeLink(link: string, program: string): Promise<boolean> {
  const found = await lookAt(link, program);
  if (found === "nothing") return false;
  if (found === "a stranger") throw new InvalidInput(`${link} is not slipway's, and stays`);
  await written(link, () => rm(link));
  return true;
}

async function written(link: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new InvalidInput(`${link} cannot be changed: ${code === "" ? message : code}`, {
      suggestions: ["Name a folder you may write to with --dir DIR."],
      cause: error,
    });
  }
}

export interface PluginPlace {
  readonly link: string;
  /** What the link leads to: this program, without links. */
  readonly program: string;
}

/**
 * @param dir the user's choice of a folder
 * @param started the path this program was started by
 * @throws InvalidInput when there is no folder to be found
 */
export async function placeOf(
  host: Host,
  dir: string | undefined,
  env: Environment,
  started: string,
): Promise<PluginPlace> {
  const folder = dir === undefined ? await folderOf(host, env, started) : resolve(dir);
  return { link: join(folder, PLUGINS[host].file), program: await realpath(started) };
}
