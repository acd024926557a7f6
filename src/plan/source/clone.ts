/** Clones a repository with the user's own git and credentials, and nothing else of the user's. Fetches only the history that is needed. */
import { lstat, readdir, realpath, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { makeScratchDirectory, removeScratchDirectory } from "../../lib/files/scratch.ts";
import { LIMITS } from "../../lib/limits/limits.ts";
import { publicUrl } from "../../lib/text/public-url.ts";
import type { GitSource } from "./git-url.ts";
import {
  accessSettings,
  anonymousSettings,
  anonymousVariables,
  parseSettings,
  settingVariables,
  withoutRedirects,
} from "./git-environment.ts";
import { runGit } from "./git-run.ts";
import { RATIO_FREE_BYTES, overLimit } from "./source-limits.ts";
import type { SourceLimits } from "./source-limits.ts";
import { plainRemote, withCredentials } from "./url-credentials.ts";
import { mayUseCredentials, originOf, parseAllowed, resolveSubmodule, withoutUser } from "./submodule-access.ts";

export interface CloneOptions {
  readonly access: {
    /** Values of --submodule-credentials. */
    readonly submodules: readonly string[];
    /** No credentials of the user, for no repository. */
    readonly none: boolean;
  };
  readonly limits: SourceLimits;
  readonly signal: AbortSignal;
}

const WATCH_INTERVAL_MS = 500;

/** Makes git write the repository's own bytes, as BuildKit's git does. For a git that reads the user's files after all. */
const PLAIN_FILES = [
  "core.autocrlf=false",
  "core.safecrlf=false",
  "core.eol=lf",
  "core.attributesFile=/dev/null",
  "core.sparseCheckout=false",
  "core.fileMode=true",
  "filter.lfs.process=",
  "filter.lfs.smudge=",
  "filter.lfs.required=false",
  "submodule.recurse=false",
  // Fetched objects are stored as one file, whose size can be watched.
  "fetch.unpackLimit=1",
  ...(process.platform === "win32" ? [] : ["core.symlinks=true"]),
].flatMap((setting) => ["-c", setting]);

/** @throws InvalidInput if git is not installed or fails, or if the repository is over a limit; the signal's reason when aborted */
export async function clone(source: GitSource, directory: string, options: CloneOptions): Promise<void> {
  options.access.submodules.forEach(parseAllowed);
  const home = makeScratchDirectory("slipway-git-");
  try {
    await new Clone(source, options, home).run(directory);
  } finally {
    removeScratchDirectory(home);
  }
}

/** A fetch into one directory, and the variables for git that decide about credentials. */
interface Fetch {
  readonly source: Pick<GitSource, "remote" | "ref" | "commit">;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}

class Clone {
  readonly #source: GitSource;
  readonly #options: CloneOptions;
  readonly #home: string;
  #user: NodeJS.ProcessEnv = {};
  #userWithoutRedirects: NodeJS.ProcessEnv = {};
  #anonymous: NodeJS.ProcessEnv = {};
  /** Directories of the repository and its submodules. */
  readonly #fetched = new Set<string>();
  /** Totals of all repositories. */
  #entries = 0;
  #bytes = 0;

  constructor(source: GitSource, options: CloneOptions, home: string) {
    this.#source = source;
    this.#options = options;
    this.#home = home;
  }

  async run(directory: string): Promise<void> {
    const source = this.#source;
    await this.#init(directory, source.remote);
    await this.#readSettings(directory);
    await this.#fetch({ source, directory, env: this.#options.access.none ? this.#anonymous : this.#user });
    if (source.submodules !== false) await this.#addSubmodules(directory, source.remote, 0);
    if (source.keepGitDir) {
      await this.#forgetPassword(directory, source.remote);
      return;
    }
    for (const fetched of this.#fetched) await rm(join(fetched, ".git"), { recursive: true, force: true });
  }

  /** A RUN could read it from the history that is kept. */
  async #forgetPassword(directory: string, remote: string): Promise<void> {
    const env = settingVariables([]);
    const { signal } = this.#options;
    await runGit(["-C", directory, "remote", "set-url", "origin", publicUrl(remote)], { remote, env, signal });
    for (const fetched of this.#fetched) await rm(join(fetched, ".git/FETCH_HEAD"), { force: true });
  }

  /** The user's settings that concern access. Conditions of the user's configuration may be about the URL. */
  async #readSettings(directory: string): Promise<void> {
    const { remote } = this.#source;
    const { signal } = this.#options;
    const listed = await runGit(["-C", directory, "config", "--null", "--list"], { remote, env: {}, signal });
    const settings = accessSettings(parseSettings(listed));
    this.#user = settingVariables(settings);
    this.#userWithoutRedirects = settingVariables(withoutRedirects(settings));
    this.#anonymous = { ...settingVariables(anonymousSettings(settings)), ...anonymousVariables(this.#home) };
  }

  /** @param format absent: SHA-1, which a git before 2.29 has no name for */
  async #init(directory: string, remote: string, format?: "sha256"): Promise<void> {
    const { signal } = this.#options;
    const env = settingVariables([]);
    this.#fetched.add(directory);
    const hash = format === undefined ? [] : [`--object-format=${format}`];
    await runGit(["-C", directory, "init", "--quiet", "--template=", ...hash], { remote, env, signal });
    const { remote: plain } = plainRemote(remote);
    await runGit(["-C", directory, "remote", "add", "origin", "--", plain], { remote, env, signal });
  }

  async #fetch({ source, directory, env: given }: Fetch): Promise<void> {
    const { signal: whole } = this.#options;
    const { remote } = source;
    const env = withCredentials(given, plainRemote(remote));
    const gitUntil =
      (signal: AbortSignal) =>
      (...args: string[]): Promise<string> =>
        runGit([...PLAIN_FILES, "-C", directory, ...args], { remote, env, signal });
    const git = gitUntil(whole);
    const fetchCommit = <T>(one: (source: Fetch["source"], git: Git, signal: AbortSignal) => Promise<T>): Promise<T> =>
      this.#watched(directory, remote, (signal) => one(source, gitUntil(signal), signal));
    let commit = await fetchCommit(fetchOne);
    if (commit === undefined && (await hasLongHashes(source, git))) {
      await emptied(directory);
      await this.#init(directory, remote, "sha256");
      commit = await fetchCommit(fetchOne);
    }
    commit ??= await fetchCommit(fetchAll);
    await this.#checkSize(source.remote, directory, commit);
    await git("checkout", "--quiet", "--detach", commit);
    if (source.commit === undefined) return;
    const head = (await git("rev-parse", "HEAD")).trim();
    if (!head.startsWith(source.commit)) {
      throw new InvalidInput(`expected checksum to match ${source.commit}, got ${head}`, { docker: "refuses" });
    }
  }

  /** Looks at what git has fetched so far, and stops it with the error of the limit. */
  async #watched<T>(directory: string, remote: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { limits, signal } = this.#options;
    const stop = new AbortController();
    const look = async (): Promise<void> => {
      const size = await sizeOf(join(directory, ".git/objects/pack"));
      if (size > limits.bytes) stop.abort(overLimit(publicUrl(remote), "bytes", limits));
    };
    const timer = setInterval(() => void look(), WATCH_INTERVAL_MS);
    try {
      return await work(AbortSignal.any([signal, stop.signal]));
    } finally {
      clearInterval(timer);
    }
  }

  /** Counts the files of a commit before they are written. @throws overLimit */
  async #checkSize(remote: string, directory: string, commit: string): Promise<void> {
    const { limits, signal } = this.#options;
    const name = publicUrl(remote);
    const packed = await sizeOf(join(directory, ".git/objects/pack"));
    let rest = "";
    const onOutput = (chunk: Buffer): void => {
      const lines = (rest + chunk.toString("latin1")).split("\0");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        this.#entries++;
        const size = Number(/^\d+ \w+ [0-9a-f]+ +(\d+)\t/.exec(line.slice(0, 128))?.[1] ?? 0);
        this.#bytes += size;
        if (this.#entries > limits.entries) throw overLimit(name, "entries", limits);
        if (this.#bytes > limits.bytes) throw overLimit(name, "bytes", limits);
        if (this.#bytes > RATIO_FREE_BYTES && this.#bytes > packed * limits.ratio)
          throw overLimit(name, "ratio", limits);
      }
    };
    const args = ["-C", directory, "ls-tree", "-r", "-t", "-z", "--long", commit];
    await runGit(args, { remote, env: settingVariables([]), signal, onOutput });
  }

  async #addSubmodules(directory: string, remote: string, depth: number): Promise<void> {
    const { signal } = this.#options;
    const plain = settingVariables([]);
    const git = (...args: string[]): Promise<string> =>
      runGit(["-C", directory, ...args], { remote, env: plain, signal });
    if (!(await isFile(join(directory, ".gitmodules")))) return;
    if (depth === LIMITS.SUBMODULE_DEPTH.value) {
      throw new InvalidInput(`the submodules of ${publicUrl(this.#source.remote)} are nested too deep`, {
        docker: "refuses",
      });
    }
    const named = parseSettings(
      await git(
        "config",
        "--blob",
        "HEAD:.gitmodules",
        "--null",
        "--get-regexp",
        "^submodule\\..*\\.(path|url)$",
      ).catch(() => ""),
    );
    for (const line of (await git("ls-tree", "-r", "-z", "HEAD")).split("\0")) {
      const [, commit, path] = /^160000 commit ([0-9a-f]+)\t([^]+)$/.exec(line) ?? [];
      if (commit === undefined || path === undefined) continue;
      const url = urlOf(named, path);
      if (url === undefined)
        throw new InvalidInput(`the submodule ${path} of ${publicUrl(remote)} has no URL in .gitmodules`, {
          docker: "refuses",
        });
      const target = await emptyDirectory(directory, path);
      const resolved = resolveSubmodule(remote, url);
      await this.#fetchSubmodule({ source: { remote: resolved, commit }, directory: target }, path);
      await this.#addSubmodules(target, resolved, depth + 1);
    }
  }

  /** With credentials only if it may have them, and only if it cannot be had without. */
  async #fetchSubmodule({ source, directory }: Omit<Fetch, "env">, path: string): Promise<void> {
    const { access, signal } = this.#options;
    const origin = originOf(source.remote);
    const shown = publicUrl(source.remote);
    if (origin === undefined)
      throw new InvalidInput(`the submodule ${path} is at ${shown}, which is not an http, https, ssh or git URL`, {
        docker: "refuses",
      });
    const isTrusted = !access.none && mayUseCredentials(origin, originOf(this.#source.remote), access.submodules);
    const remote = isTrusted ? source.remote : withoutUser(source.remote);
    const only = { GIT_ALLOW_PROTOCOL: "http:https:ssh:git" };
    try {
      if (!(isTrusted && origin.scheme === "ssh:")) {
        await this.#init(directory, remote);
        await this.#fetch({ source: { ...source, remote }, directory, env: { ...this.#anonymous, ...only } });
        return;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isTrusted) throw this.#withRemedy(error, path, origin.host, origin.owner[0]);
      await emptied(directory);
    }
    await this.#init(directory, source.remote);
    await this.#fetch({ source, directory, env: { ...this.#userWithoutRedirects, ...only } });
  }

  #withRemedy(error: unknown, path: string, host: string, owner: string | undefined): unknown {
    if (!(error instanceof InvalidInput) || error.suggestions.length > 0) return error;
    const location = owner === undefined || owner === "\0" ? host : `${host}/${owner}`;
    const remedies = this.#options.access.none
      ? ["Leave out --no-credentials if you trust the repository."]
      : [`If you trust the repository with your credentials there: --submodule-credentials ${location}`];
    return new InvalidInput(`the submodule ${path} could not be fetched without your credentials: ${error.message}`, {
      docker: "refuses",
      suggestions: [...remedies, "To build without submodules: add ?submodules=false to the URL, before the #."],
      cause: error,
    });
  }
}

type Git = (...args: string[]) => Promise<string>;

/** Fetches only the commit. Undefined if the server refuses that (for a short hash, or without shallow fetches), or has hashes of another kind. */
async function fetchOne(source: Fetch["source"], git: Git, signal: AbortSignal): Promise<string | undefined> {
  const wanted = wantedOf(source);
  try {
    await git("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", "origin", wanted);
    return "FETCH_HEAD";
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function wantedOf({ ref, commit }: Fetch["source"]): string {
  return ref ?? commit ?? "HEAD";
}

/** Whether the remote's objects have SHA-256 hashes. A repository has hashes of one kind, and is made for it. @throws InvalidInput without access */
async function hasLongHashes(source: Fetch["source"], git: Git): Promise<boolean> {
  const refs = await git("ls-remote", "--quiet", "--", "origin", "HEAD", wantedOf(source));
  return /^[0-9a-f]{64}\t/.test(refs);
}

/** Fetches all branches and tags. */
async function fetchAll(source: Fetch["source"], git: Git): Promise<string> {
  const wanted = wantedOf(source);
  await git(
    "fetch",
    "--quiet",
    "--tags",
    "--no-recurse-submodules",
    "--",
    "origin",
    "+refs/heads/*:refs/remotes/origin/*",
    "+HEAD:refs/slipway/head",
  );
  for (const name of wanted === "HEAD"
    ? ["refs/slipway/head"]
    : [`refs/remotes/origin/${wanted}`, `refs/tags/${wanted}`, wanted]) {
    const found = await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`).catch(() => "");
    if (found !== "") return found.trim();
  }
  throw new InvalidInput(`${publicUrl(source.remote)} has no ref ${wanted}`, {
    docker: "refuses",
    suggestions: ["Name a branch, a tag or a commit after the #."],
  });
}

/** The URL in .gitmodules of the submodule at a path. */
function urlOf(named: ReturnType<typeof parseSettings>, path: string): string | undefined {
  const section = named
    .findLast(([key, value]) => key.endsWith(".path") && value === path)?.[0]
    .slice(0, -".path".length);
  return section === undefined ? undefined : named.findLast(([key]) => key === `${section}.url`)?.[1];
}

/** The directory that git made for a submodule. @throws InvalidInput if it is not empty, or is reached through a link */
async function emptyDirectory(root: string, path: string): Promise<string> {
  const target = join(root, path);
  const real = await realpath(target).catch(() => undefined);
  if (real !== join(await realpath(root), path) || (await readdir(target)).length > 0) {
    throw new InvalidInput(`the submodule ${path} has no directory of its own in the repository`, {
      docker: "refuses",
    });
  }
  return target;
}

async function emptied(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });
}

/** Bytes of the files in a directory. 0 if there is none. */
async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function isFile(path: string): Promise<boolean> {
  return lstat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
