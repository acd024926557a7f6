/**
 * `--git-in-cluster`: the builder clones the context, so its files and its Dockerfile are not known here. Pure. Refuses every option
 * that needs these files.
 */
import { posix } from "node:path";
import { buildContextsOf } from "./docker/build-contexts.ts";
import { InvalidInput } from "../errors.ts";
import { parseGitSource } from "./source/git-url.ts";
import { holdsSecret, publicUrl } from "../lib/text/public-url.ts";
import type { GitSource } from "./source/git-url.ts";
import type { BuildPlan, Repository, UnreadDockerfile } from "./plan.ts";
import type { BuildRequest } from "./request.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

export interface RepositoryInputs {
  readonly repository: Repository;
  readonly dockerfile: UnreadDockerfile;
}

const CLONE_HERE =
  "Or remove --git-in-cluster: your own git then clones the repository here, and slipway sends the files.";

/** @throws InvalidInput if a pod cannot clone the source, and for options that need its files here */
export function inRepository(request: BuildRequest): RepositoryInputs {
  const source = sourceOf(request.path);
  refuseWhatNeedsFiles(request);
  const { ref, commit, subdir, submodules } = source;
  return {
    repository: {
      url: request.path,
      remote: source.remote,
      ...omitUndefined({ ref, commit, subdir, submodules }),
      keepGitDir: source.keepGitDir,
    },
    dockerfile: dockerfileOf(request.file),
  };
}

function sourceOf(path: string): GitSource {
  const source = path === "-" ? undefined : parseGitSource(path);
  if (source === undefined) {
    const what = path === "-" ? "standard input" : publicUrl(path);
    throw new InvalidInput(`--git-in-cluster needs a git repository to clone, and ${what} is not one`, {
      suggestions: [
        "Give the repository's URL, which ends in .git: https://HOST/NAME.git#REF:SUBDIR.",
        "Or remove --git-in-cluster (SLIPWAY_GIT_IN_CLUSTER): slipway then packs the context here.",
      ],
    });
  }
  const { remote, subdir } = source;
  if (!/^(?:https?|git):\/\//.test(remote)) {
    throw new InvalidInput(`--git-in-cluster: the pod has no SSH key to clone ${publicUrl(remote)}`, {
      suggestions: [
        "Give its https:// URL, and a token if the repository is private: --secret id=GIT_AUTH_TOKEN,env=NAME.",
        CLONE_HERE,
      ],
    });
  }
  if (!URL.canParse(remote)) throw new InvalidInput(`${publicUrl(remote)} is not a URL`);
  if (holdsSecret(remote)) {
    throw new InvalidInput("--git-in-cluster: the URL has a user or a password, which others could read in the pod", {
      suggestions: ["Remove it from the URL and give a token: --secret id=GIT_AUTH_TOKEN,env=NAME.", CLONE_HERE],
    });
  }
  if (subdir !== undefined && leadsOut(subdir)) {
    throw new InvalidInput(`the directory ${subdir} is outside of the repository`, {
      suggestions: ["Name a directory of the repository after #REF: or in ?subdir=."],
    });
  }
  return source;
}

function dockerfileOf(file: string | undefined): UnreadDockerfile {
  if (file === undefined) return {};
  const elsewhere =
    file === "-"
      ? "is standard input"
      : /^[a-z][a-z0-9+.-]*:\/\//i.test(file)
        ? "is a URL"
        : posix.isAbsolute(file) || leadsOut(file)
          ? "is outside of the repository"
          : undefined;
  if (elsewhere === undefined) return { path: file };
  throw new InvalidInput(
    `--git-in-cluster takes the Dockerfile from the repository, and -f ${publicUrl(file)} ${elsewhere}`,
    { suggestions: ["Give -f a path in the repository, relative to SUBDIR if there is one.", CLONE_HERE] },
  );
}

function leadsOut(path: string): boolean {
  return /^\.\.(?:\/|$)/.test(posix.normalize(path.replace(/^\/+/, "")));
}

function refuseWhatNeedsFiles(request: BuildRequest): void {
  const refuse = (what: string, remedy: string): never => {
    throw new InvalidInput(`--git-in-cluster ${what}`, { suggestions: [remedy, CLONE_HERE] });
  };
  const { transport, docker = {} } = request;
  if (transport !== "auto")
    refuse(`sends no context, and --transport ${transport} says how to send one`, "Remove --transport.");
  if (request.reproducible === true)
    refuse("sends no context, and --reproducible is about the sent context", "Remove --reproducible.");
  if (request.verifyBase === true)
    refuse("leaves the Dockerfile to the builder, and --verify-base has to read it here", "Remove --verify-base.");
  const directory = buildContextsOf(docker["build-context"] ?? []).find(({ source }) => source.kind === "directory");
  if (directory !== undefined) {
    refuse(
      `sends no context, and the directory of --build-context ${directory.name} is sent with the context`,
      `Give an image or a URL instead: --build-context ${directory.name}=docker-image://IMAGE.`,
    );
  }
}

/** What slipway does not do for a build whose files are not here, one sentence each. */
export function repositoryNotices({ repository, credentials, registries }: BuildPlan): string[] {
  if (repository === undefined) return [];
  const { remote } = repository;
  const sent = `only your credentials for ${registries.hosts.join(", ")} are sent; --base-registry adds other registries`;
  return [
    `the builder clones ${publicUrl(remote)}: its Dockerfile is not read or checked here`,
    ...(credentials.kind === "shipped" && registries.hosts.length > 0 ? [sent] : []),
  ];
}
