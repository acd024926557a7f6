/** What `slipway init` proposes for its answers: from the kubeconfig, docker's configuration and the git remote. Asks nobody. */
import { once } from "node:events";
import { homedir } from "node:os";
import { DockerConfig } from "../../lib/credentials/docker-config.ts";
import { dockerConfigPath } from "../../lib/credentials/docker-config-file.ts";
import { readIfThere } from "../../lib/files/read-file.ts";
import { chooseTarget } from "../../lib/kube/choose-target.ts";
import type { Choice } from "../../lib/kube/choose-target.ts";
import { NO_TRANSPORT, startGit } from "../../plan/source/git.ts";
import { answerFault } from "./answers.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface Proposals {
  /** What image names may begin with, the likeliest first. */
  readonly registries: readonly string[];
  /** Where builds run without a setting. Absent: no kubeconfig names a cluster. */
  readonly namespace?: string;
}

/** Registries of forges, by the forge's host. */
const FORGES: Readonly<Record<string, string>> = { "github.com": "ghcr.io", "gitlab.com": "registry.gitlab.com" };

/**
 * @param directory of the project
 * @throws InvalidInput for a context that the kubeconfig does not have, and for a kubeconfig that cannot be read
 */
export async function propose(directory: string, choice: Choice, env: Environment): Promise<Proposals> {
  const [logins, remote, target] = await Promise.all([
    loginRegistries(env),
    originOf(directory),
    // Only a choice that the user typed has to be right: builds from other machines need no cluster here.
    chooseTarget(choice).catch((error: unknown) => {
      if (choice.context !== undefined || choice.kubeconfig !== undefined) throw error;
    }),
  ]);
  return {
    registries: proposedRegistries(logins, remote),
    ...(target === undefined ? {} : { namespace: target.namespace }),
  };
}

/**
 * The registries that there is a login for, then the one of the remote's forge. Each with the path of the remote: the owner, or for
 * GitLab, whose images are below a project, all of it.
 * @param remote URL of the git remote, in any of git's forms
 */
export function proposedRegistries(logins: readonly string[], remote: string | undefined): string[] {
  const { host = "", path = "" } = remote === undefined ? {} : (readRemote(remote) ?? {});
  const forge = FORGES[host];
  const hosts = [...new Set([...(forge !== undefined && logins.includes(forge) ? [forge] : []), ...logins])];
  if (forge !== undefined && !hosts.includes(forge)) hosts.push(forge);
  const [owner = ""] = path.split("/", 1);
  const within = (registry: string): string =>
    [registry, registry === "registry.gitlab.com" ? path : owner]
      .filter((part) => part !== "")
      .join("/")
      .toLowerCase();
  return hosts.map(within).filter((prefix) => answerFault("registry", prefix) === undefined);
}

/** `https://HOST/PATH.git`, `ssh://git@HOST/PATH` and `git@HOST:PATH`. */
function readRemote(remote: string): { host: string; path: string } | undefined {
  const url = URL.parse(remote.includes("://") ? remote : `ssh://${remote.replace(":", "/")}`);
  if (url === null || !/^(?:https?|ssh|git):$/.test(url.protocol)) return undefined;
  const path = url.pathname
    .replace(/^\//, "")
    .replace(/\/$/, "")
    .replace(/\.git$/, "");
  return url.hostname === "" || path === "" ? undefined : { host: url.hostname.toLowerCase(), path };
}

/** Docker's configuration is read as builds read it; a fault in it is doctor's to report. */
async function loginRegistries(env: Environment): Promise<readonly string[]> {
  const path = dockerConfigPath(env, env["HOME"] || homedir());
  try {
    const text = await readIfThere(path, { what: "docker's configuration ", docker: "accepts" });
    return text === undefined ? [] : new DockerConfig(text.toString(), path).registries;
  } catch {
    return [];
  }
}

/** URL of the remote `origin`; undefined without a repository, a remote or git. */
async function originOf(directory: string): Promise<string | undefined> {
  try {
    const child = startGit(["-C", directory, "config", "--get", "remote.origin.url"], { env: NO_TRANSPORT });
    child.stderr.resume();
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    const [code] = (await once(child, "close")) as [number | null];
    return code === 0 ? stdout.trim() : undefined;
  } catch {
    return undefined;
  }
}
