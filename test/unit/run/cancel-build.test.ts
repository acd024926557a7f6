/** `slipway cancel` ends a Job and leaves it; if it cannot, it removes it. */
import type { V1Job } from "@kubernetes/client-node";
import { beforeEach, expect, it, vi } from "vitest";
import { AuthError, Cancelled } from "../../../src/errors.ts";
import { cancelBuild } from "../../../src/run/cancel-build.ts";
import { cancelledError } from "../../../src/run/cancelled.ts";
import { cleanUp } from "../../../src/run/clean-up.ts";
import { inputsName } from "../../../src/plan/inputs-name.ts";
import { FakeCluster } from "../../fakes/fake-cluster.ts";

const JOB = "slipway-app-x";
const job: V1Job = { metadata: { name: JOB, uid: "uid" }, spec: { activeDeadlineSeconds: 7200, template: {} } };
let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.stored.set(`jobs/${JOB}`, job);
  cluster.stored.set(`secrets/${inputsName(JOB)}`, {});
});

/** What the Job's controller does with a Job whose deadline has passed. */
function endJob(): void {
  const conditions = [{ type: "FailureTarget", status: "True", reason: "DeadlineExceeded" }];
  cluster.stored.set(`jobs/${JOB}`, { ...job, status: { conditions } });
}

const left = (): string[] => [...cluster.stored.keys()];

it("gives the Job a deadline that has passed and the user's name, and removes the passwords", async () => {
  const cancelling = cancelBuild(cluster, job, "jane");
  endJob();
  await cancelling;
  expect(cluster.seen("patch", "jobs").map(({ detail }) => detail)).toEqual([
    { metadata: { annotations: { "slipway.dev/cancelled-by": "jane" } }, spec: { activeDeadlineSeconds: 1 } },
  ]);
  expect(left()).toEqual([`jobs/${JOB}`]);
});

it("removes a Job that is suspended, whose deadline does not run", async () => {
  await cancelBuild(cluster, { ...job, spec: { template: {}, suspend: true } }, "jane");
  expect(left()).toEqual([]);
});

it("removes a Job that the user may not change", async () => {
  vi.spyOn(cluster, "patch").mockRejectedValue(new AuthError("the user may not patch jobs"));
  await cancelBuild(cluster, job, "jane");
  expect(left()).toEqual([]);
});

it("removes a Job that its controller does not end", async () => {
  const expired = new AbortController();
  const timer = vi.spyOn(AbortSignal, "timeout").mockReturnValue(expired.signal);
  const cancelling = cancelBuild(cluster, job, "jane");
  await vi.waitFor(() => expect(cluster.seen("read", "jobs").length).toBeGreaterThan(0));
  expired.abort(new DOMException("too late", "TimeoutError"));
  await cancelling;
  timer.mockRestore();
  expect(left()).toEqual([]);
});

it("is not undone by the client that started the build", async () => {
  const error = cancelledError("jane");
  expect(error).toBeInstanceOf(Cancelled);
  expect([error.kind, error.message]).toEqual(["interrupted", "the build was cancelled by jane"]);
  await cleanUp(JOB, { cluster, emit: () => {} }, error, { started: { job, inputs: [] }, independent: true });
  expect(left()).toContain(`jobs/${JOB}`);
});
