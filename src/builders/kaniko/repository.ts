/**
 * A repository that kaniko clones itself, by go-git (pkg/buildcontext/git.go of v1.24 and of the fork's v1.28): `git://HOST/PATH#REF#COMMIT`,
 * over https or, where a variable says so, http. It wants refs in full; of a short name `--git=branch=` makes one, as git does: a branch
 * before a tag.
 */
import type { V1EnvVar } from "@kubernetes/client-node";
import type { BuildPlan, Repository } from "../../plan/plan.ts";
import { findGitHeader } from "../../plan/git-token.ts";
import { BuilderUnable } from "../../errors.ts";
import { secretKey } from "../../plan/layout.ts";

/** Of SHA-1; go-git is made for no other hash. */
const COMMIT = /^[0-9a-f]{40}$/;

/** As BuildKit logs in with a token: forges take any name with one. */
const USER = "x-access-token";

const OTHERS = ["Use --builder buildkit.", "Or leave out --git-in-cluster: your own git clones it here then."];

/** @throws BuilderUnable */
export function refuseRepository({ repository, secrets = [] }: BuildPlan): void {
  if (repository === undefined) return;
  const refuse = (what: string, ...remedies: string[]): never => {
    throw new BuilderUnable(`kaniko ${what}`, { suggestions: [...remedies, ...OTHERS] });
  };
  const { remote, ref = "", commit, subdir, submodules, keepGitDir, token } = repository;
  if (!/^https?:\/\//.test(remote)) refuse(`clones over https and http, and not ${remote}`);
  if (ref.includes("#")) refuse(`cannot clone the ref ${ref}: it has a # in it`);
  if (commit !== undefined && !COMMIT.test(commit)) {
    refuse(`finds a commit by its whole hash alone, and ${commit} is the beginning of one`, "Write it out.");
  }
  if (findGitHeader(secrets) !== undefined) {
    refuse(
      "logs in to a repository with a token, and not with a header",
      "Give the token: --secret id=GIT_AUTH_TOKEN,env=NAME.",
    );
  }
  if (keepGitDir && subdir !== undefined) {
    refuse(`has .git beside ${subdir}, and not in it as ?keep-git-dir asks for`, "Leave ?keep-git-dir out.");
  }
  if (submodules !== true) return;
  if (token !== undefined) refuse("would show the repository's token to the host of every submodule");
  if (commit !== undefined || COMMIT.test(ref) || /^refs\/(?!heads\/)/.test(ref)) {
    refuse(
      `fetches the submodules of a branch, and not of ${commit ?? ref}`,
      "Name a branch or a tag in short: #NAME.",
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

/** A ref's commit may be anywhere in its history; else no history is needed (v1.24 knows no depth, and passes over it). */
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

/** The token is a value of a Secret: neither the pod nor anything kaniko says has it. */
export function repositoryEnvironment(plan: BuildPlan): V1EnvVar[] {
  const { repository } = plan;
  if (repository === undefined) return [];
  const method = repository.remote.startsWith("http://") ? [{ name: "GIT_PULL_METHOD", value: "http" }] : [];
  const { token } = repository;
  if (token === undefined) return method;
  const { id, source } = token;
  const from =
    source.kind === "cluster" ? { name: source.secret, key: source.key } : { name: plan.name, key: secretKey(id) };
  return [
    ...method,
    { name: "GIT_USERNAME", value: USER },
    { name: "GIT_PASSWORD", valueFrom: { secretKeyRef: from } },
  ];
}

/** Where the context is another than docker's would be. */
export function repositoryCautions({ repository }: BuildPlan): string[] {
  if (repository === undefined) return [];
  const { subdir, submodules, keepGitDir } = repository;
  const clauses = [
    ...(submodules === undefined ? ["fetches no submodules (?submodules=1 asks for them)"] : []),
    ...(subdir === undefined && !keepGitDir
      ? ["leaves .git in the context, where `COPY .` takes it along unless .dockerignore names it"]
      : []),
  ];
  return clauses.length === 0 ? [] : [`kaniko ${clauses.join(", and ")}`];
}
