/**
 * A repository that kaniko clones itself, with go-git (pkg/buildcontext/git.go of v1.24 and of the fork's v1.28):
 * `git://HOST/PATH#REF#COMMIT`, over https or, if a variable says so, http. It needs full refs. `--git=branch=` takes a short name and
 * finds a branch before a tag, as git does.
 */
import type { V1EnvVar } from "@kubernetes/client-node";
import type { BuildPlan, Repository } from "../../plan/plan.ts";
import { findGitHeader } from "../../plan/git-token.ts";
import { BuilderUnable } from "../../errors.ts";
import { inputsName } from "../../plan/inputs-name.ts";
import { secretKey } from "../../plan/layout.ts";

/** A SHA-1 hash; go-git supports no other. */
const COMMIT = /^[0-9a-f]{40}$/;
const SHA256_COMMIT = /^[0-9a-f]{64}$/;

/** The user name that BuildKit uses with a token: forges accept any name. */
const USER = "x-access-token";

const OTHERS = ["Use --builder buildkit.", "Or remove --git-in-cluster: your own git then clones the repository here."];

/** @throws BuilderUnable */
export function refuseRepository({ repository, secrets = [] }: BuildPlan): void {
  if (repository === undefined) return;
  const refuse = (what: string, ...remedies: string[]): never => {
    throw new BuilderUnable(`kaniko ${what}`, { suggestions: [...remedies, ...OTHERS] });
  };
  const { remote, ref = "", commit, subdir, submodules, keepGitDir, token } = repository;
  if (!/^https?:\/\//.test(remote)) refuse(`clones only over https and http, not ${remote}`);
  if (ref.includes("#")) refuse(`cannot clone the ref ${ref}, because it has a #`);
  const long = [ref, commit ?? ""].find((name) => SHA256_COMMIT.test(name));
  if (long !== undefined) refuse(`cannot clone a repository with SHA-256 hashes, such as ${long}`);
  if (commit !== undefined && !COMMIT.test(commit)) {
    refuse(`finds a commit only by its full hash, and ${commit} is a short one`, "Write the full hash.");
  }
  if (findGitHeader(secrets) !== undefined) {
    refuse(
      "logs in to a repository with a token, not with a header",
      "Give the token: --secret id=GIT_AUTH_TOKEN,env=NAME.",
    );
  }
  if (keepGitDir && subdir !== undefined) {
    refuse(`puts .git beside ${subdir}, but ?keep-git-dir needs it inside`, "Remove ?keep-git-dir.");
  }
  if (submodules !== true) return;
  if (token !== undefined) refuse("would send the repository's token to the host of every submodule");
  if (commit !== undefined || COMMIT.test(ref) || /^refs\/(?!heads\/)/.test(ref)) {
    refuse(
      `fetches submodules only for a branch, not for ${commit ?? ref}`,
      "Give the short name of a branch or a tag: #NAME.",
    );
  }
}

export function repositoryArguments(repository: Repository, dockerfile = "Dockerfile"): string[] {
  const { remote, subdir, submodules } = repository;
  return [
    `--context=git://${remote.replace(/^\w+:\/\//, "")}${fragmentOf(repository)}`,
    ...branchArguments(repository),
    ...(submodules === true ? ["--git=recurse-submodules=true"] : []),
    ...(subdir === undefined ? [] : [`--context-sub-path=${subdir}`]),
    `--dockerfile=${dockerfile}`,
  ];
}

/** The commit of a ref may be anywhere in its history; else no history is needed (v1.24 does not support a depth and ignores it). */
function branchArguments({ ref, commit }: Repository): string[] {
  const name = ref === undefined || isFull(ref) ? [] : [`--git=branch=${ref}`];
  return ref !== undefined && commit !== undefined ? name : [...name, "--git=single-branch=true", "--git=depth=1"];
}

function fragmentOf({ ref = "", commit }: Repository): string {
  if (commit === undefined) return isFull(ref) ? `#${ref}` : "";
  return ref === "" ? `#${commit}` : `#${isFull(ref) ? ref : ""}#${commit}`;
}

function isFull(ref: string): boolean {
  return ref.startsWith("refs/") || COMMIT.test(ref);
}

/** The token is a value of a Secret: it is not in the pod's manifest, and kaniko does not log it. */
export function repositoryEnvironment(plan: BuildPlan): V1EnvVar[] {
  const { repository } = plan;
  if (repository === undefined) return [];
  const method = repository.remote.startsWith("http://") ? [{ name: "GIT_PULL_METHOD", value: "http" }] : [];
  const { token } = repository;
  if (token === undefined) return method;
  const { id, source } = token;
  const from =
    source.kind === "cluster"
      ? { name: source.secret, key: source.key }
      : { name: inputsName(plan.name), key: secretKey(id) };
  return [
    ...method,
    { name: "GIT_USERNAME", value: USER },
    { name: "GIT_PASSWORD", valueFrom: { secretKeyRef: from } },
  ];
}

/** Warnings about differences to docker's context. */
export function repositoryCautions({ repository }: BuildPlan): string[] {
  if (repository === undefined) return [];
  const { subdir, submodules, keepGitDir } = repository;
  const clauses = [
    ...(submodules === undefined ? ["fetches no submodules (?submodules=1 asks for them)"] : []),
    ...(subdir === undefined && !keepGitDir
      ? ["leaves .git in the context, so `COPY .` copies it unless .dockerignore excludes it"]
      : []),
  ];
  return clauses.length === 0 ? [] : [`kaniko ${clauses.join(", and ")}`];
}
