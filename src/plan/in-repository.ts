/**
 * `--git-in-cluster`: the builder clones the context, so of its files, its Dockerfile included, nothing is known here. Pure: what
 * would need them is refused.
 */
import { posix } from "node:path";
import { buildContextsOf } from "./docker/build-contexts.ts";
import { InvalidInput } from "../errors.ts";
import { parseGitSource, withoutPassword } from "./source/git-url.ts";
import type { GitSource } from "./source/git-url.ts";
import type { BuildPlan, Repository, UnreadDockerfile } from "./plan.ts";
import type { BuildRequest } from "./request.ts";

export interface RepositoryInputs {
  readonly repository: Repository;
  readonly dockerfile: UnreadDockerfile;
}

const CLONE_HERE = "Or leave out --git-in-cluster: your own git clones it here then, and what is needed is sent.";

/** @throws InvalidInput for what is no repository a pod could clone, and for wishes that need its files here */
export function inRepository(request: BuildRequest): RepositoryInputs {
  const source = sourceOf(request.path);
  refuseWhatNeedsFiles(request);
  const { ref, commit, subdir, submodules } = source;
  return {
    repository: {
      url: request.path,
      remote: source.remote,
      ...(ref === undefined ? {} : { ref }),
      ...(commit === undefined ? {} : { commit }),
      ...(subdir === undefined ? {} : { subdir }),
      ...(submodules === undefined ? {} : { submodules }),
      keepGitDir: source.keepGitDir,
    },
    dockerfile: dockerfileOf(request.file),
  };
}

function sourceOf(path: string): GitSource {
  const source = path === "-" ? undefined : parseGitSource(path);
  if (source === undefined) {
    const what = path === "-" ? "standard input" : withoutPassword(path);
    throw new InvalidInput(`--git-in-cluster lets the builder clone a repository, and ${what} is none`, {
      suggestions: [
        "Give its address, which ends in .git: https://HOST/NAME.git#REF:SUBDIR.",
        "Or leave out --git-in-cluster (SLIPWAY_GIT_IN_CLUSTER): the context is packed here then.",
      ],
    });
  }
  const { remote, subdir } = source;
  if (!/^(?:https?|git):\/\//.test(remote)) {
    throw new InvalidInput(`--git-in-cluster: the pod has no key of yours to clone ${withoutPassword(remote)} with`, {
      suggestions: [
        "Give its https:// address, and a token if it is private: --secret id=GIT_AUTH_TOKEN,env=NAME.",
        CLONE_HERE,
      ],
    });
  }
  if (!URL.canParse(remote)) throw new InvalidInput(`${remote} is no URL`);
  if (/^\w+:\/\/[^/]*@/.test(remote)) {
    throw new InvalidInput("--git-in-cluster: a user or password in a URL could be read from the pod", {
      suggestions: ["Leave it out of the URL, and give a token: --secret id=GIT_AUTH_TOKEN,env=NAME.", CLONE_HERE],
    });
  }
  if (subdir !== undefined && leadsOut(subdir)) {
    throw new InvalidInput(`the directory ${subdir} would be outside of the repository`, {
      suggestions: ["Name one inside after #REF: or in ?subdir=."],
    });
  }
  return source;
}

function dockerfileOf(file: string | undefined): UnreadDockerfile {
  if (file === undefined) return {};
  const elsewhere =
    file === "-"
      ? "is standard input"
      : /^https?:\/\//.test(file)
        ? "is fetched from elsewhere"
        : posix.isAbsolute(file) || leadsOut(file)
          ? "is outside of it"
          : undefined;
  if (elsewhere === undefined) return { path: file };
  throw new InvalidInput(
    `--git-in-cluster takes the Dockerfile from the repository, and -f ${withoutPassword(file)} ${elsewhere}`,
    { suggestions: ["Name it with -f as it is called in the repository, from SUBDIR if there is one.", CLONE_HERE] },
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
    refuse(`sends no context, and --transport ${transport} says how one travels`, "Leave --transport out.");
  if (request.reproducible === true)
    refuse("sends no context, and --reproducible is about what is sent", "Leave --reproducible out.");
  if (request.verifyBase === true)
    refuse("leaves the Dockerfile to the builder, and --verify-base reads it here", "Leave --verify-base out.");
  const directory = buildContextsOf(docker["build-context"] ?? []).find(({ source }) => source.kind === "directory");
  if (directory !== undefined) {
    refuse(
      `sends no context, and the directory of --build-context ${directory.name} travels with one`,
      `Give it as an image or a URL: --build-context ${directory.name}=docker-image://IMAGE.`,
    );
  }
}

/** What is not done for a build whose files are not here, a sentence each. */
export function repositoryNotices({ repository, credentials, registries }: BuildPlan): string[] {
  if (repository === undefined) return [];
  const { remote } = repository;
  const sent = `of your credentials, those for ${registries.hosts.join(", ")} go along; --base-registry adds others`;
  return [
    `the builder clones ${remote}: nothing of its Dockerfile is read or checked here`,
    ...(credentials.kind === "shipped" && registries.hosts.length > 0 ? [sent] : []),
  ];
}
