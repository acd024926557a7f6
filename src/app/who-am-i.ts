/**
 * The user who starts a build, so that `ps`, `latest` and `prune` select the user's own builds. It is the user of the cluster,
 * because local names may differ, and in CI everyone is root. In CI the job is part of it, because many jobs share an account.
 */
import type { Cluster } from "../lib/kube/cluster.ts";
import { userName } from "./user-name.ts";

type Environment = Readonly<Record<string, string | undefined>>;

interface CiSystem {
  /** Short name, for people. */
  readonly name: string;
  /** A variable that only this system sets. */
  readonly mark: string;
  /** Variables that together name one job. */
  readonly job: readonly string[];
}

/** Each with the page that lists the variables. */
const CI_SYSTEMS: readonly CiSystem[] = [
  // https://docs.github.com/en/actions/reference/workflows-and-actions/variables
  { name: "github", mark: "GITHUB_ACTIONS", job: ["GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB"] },
  // https://docs.gitlab.com/ci/variables/predefined_variables/
  { name: "gitlab", mark: "GITLAB_CI", job: ["CI_JOB_ID"] },
  // https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
  { name: "jenkins", mark: "JENKINS_URL", job: ["BUILD_TAG"] },
  // https://docs.drone.io/pipeline/environment/reference/
  { name: "drone", mark: "DRONE", job: ["DRONE_REPO", "DRONE_BUILD_NUMBER", "DRONE_STAGE_NUMBER"] },
  // https://buildkite.com/docs/pipelines/configure/environment-variables
  { name: "buildkite", mark: "BUILDKITE", job: ["BUILDKITE_JOB_ID"] },
  // https://circleci.com/docs/reference/variables/
  { name: "circleci", mark: "CIRCLECI", job: ["CIRCLE_WORKFLOW_JOB_ID"] },
  // https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables
  { name: "azure", mark: "TF_BUILD", job: ["BUILD_BUILDID", "SYSTEM_JOBID"] },
];

/** The CI job that this process runs in, as `gitlab:1234`; undefined outside of CI. */
export function ciJob(env: Environment): string | undefined {
  for (const { name, mark, job } of CI_SYSTEMS) {
    const parts = job.flatMap((variable) => env[variable] || []);
    if (env[mark] && parts.length > 0) return `${name}:${parts.join("/")}`;
  }
  return undefined;
}

/** Never throws: if the cluster does not name the user (before Kubernetes 1.28), it is the user of this machine. */
export async function whoAmI(
  cluster: Pick<Cluster, "create">,
  env: Environment,
  signal?: AbortSignal,
): Promise<string> {
  const review = await cluster.create("selfsubjectreviews", {}, signal).catch(() => undefined);
  const user = review?.status?.userInfo?.username || userName();
  return [user, ciJob(env)].filter(Boolean).join(" ");
}
