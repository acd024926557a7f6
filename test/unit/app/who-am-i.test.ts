import { describe, expect, it } from "vitest";
import { ciJob, whoAmI } from "../../../src/app/who-am-i.ts";
import { userName } from "../../../src/app/user-name.ts";
import { FakeCluster, refusal } from "../../fakes/fake-cluster.ts";

const GITLAB = { GITLAB_CI: "true", CI_JOB_ID: "7" };

describe("who starts a build", () => {
  it("is the cluster's user, and in CI the job as well", async () => {
    const cluster = new FakeCluster();
    cluster.userName = "system:serviceaccount:builds:ci";
    expect(await whoAmI(cluster, {})).toBe("system:serviceaccount:builds:ci");
    expect(await whoAmI(cluster, GITLAB)).toBe("system:serviceaccount:builds:ci gitlab:7");
  });

  it("is this machine's user if the cluster does not name one", async () => {
    const cluster = new FakeCluster();
    cluster.before = () => {
      throw refusal(404, "NotFound", "no such kind");
    };
    expect(await whoAmI(cluster, {})).toBe(userName());
  });
});

describe("a CI job", () => {
  it.each([
    ["github:12/2/test", { GITHUB_ACTIONS: "true", GITHUB_RUN_ID: "12", GITHUB_RUN_ATTEMPT: "2", GITHUB_JOB: "test" }],
    ["gitlab:7", GITLAB],
    ["jenkins:jenkins-app-3", { JENKINS_URL: "https://ci.example.com", BUILD_TAG: "jenkins-app-3" }],
    ["drone:team/app/5/1", { DRONE: "true", DRONE_REPO: "team/app", DRONE_BUILD_NUMBER: "5", DRONE_STAGE_NUMBER: "1" }],
    ["buildkite:b-1", { BUILDKITE: "true", BUILDKITE_JOB_ID: "b-1" }],
    ["circleci:c-1", { CIRCLECI: "true", CIRCLE_WORKFLOW_JOB_ID: "c-1" }],
    ["azure:9/a-1", { TF_BUILD: "True", BUILD_BUILDID: "9", SYSTEM_JOBID: "a-1" }],
    [undefined, { CI: "true" }],
    [undefined, { GITLAB_CI: "true" }],
  ])("is %s by the variables that its system sets", (job, env) => {
    expect(ciJob(env)).toBe(job);
  });
});
