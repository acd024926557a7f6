import type { V1Job } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AuthError } from "../../../src/errors.ts";
import { ClientLease, mayRenew, needsClient, timeLimitOf, withLease } from "../../../src/run/client-lease.ts";
import { FakeCluster, refusal } from "../../fakes/fake-cluster.ts";

const NAME = "slipway-app-x";
let cluster: FakeCluster;
let stop: AbortController;

beforeEach(() => {
  cluster = new FakeCluster();
  stop = new AbortController();
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const jobOf = (limit: number): V1Job => ({
  metadata: { name: NAME, annotations: { a: "b" } },
  spec: { activeDeadlineSeconds: limit, template: {} },
});

/** The Job as the API server returns it. */
async function made(limit = 7200): Promise<V1Job> {
  return cluster.create("jobs", withLease(jobOf(limit)));
}

/** The requested deadlines, in order. */
const asked = () =>
  cluster
    .seen("patch", "jobs")
    .map(({ detail }) => (detail as { spec: { activeDeadlineSeconds: number } }).spec.activeDeadlineSeconds);

describe("a Job with a lease", () => {
  it("starts with a deadline of 300 s and records --timeout in an annotation", () => {
    const job = withLease(jobOf(7200));
    expect(job.spec?.activeDeadlineSeconds).toBe(300);
    expect(job.metadata?.annotations).toEqual({ a: "b", "slipway.dev/timeout-seconds": "7200" });
    expect([timeLimitOf(job), needsClient(job)]).toEqual([7200, true]);
    const whole = { ...job, spec: { ...job.spec, activeDeadlineSeconds: 7200, template: {} } };
    expect([timeLimitOf(whole), needsClient(whole)]).toEqual([7200, false]);
  });

  it("keeps its own deadline if that is as near as the lease", () => {
    const job = jobOf(300);
    expect(withLease(job)).toBe(job);
    expect([timeLimitOf(job), needsClient(job)]).toEqual([300, false]);
  });
});

describe("a client's lease", () => {
  it("renews the deadline every minute, up to --timeout, until the lease is released", async () => {
    using lease = new ClientLease(cluster, await made(420), stop.signal);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(asked()).toEqual([]);
    await vi.advanceTimersByTimeAsync(121_000);
    expect(asked()).toEqual([360, 420]);
    await lease.release();
    await lease.release();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(asked()).toEqual([360, 420, 420]);
  });

  it("uses the cluster's clock, so that a client that slept renews by the right amount", async () => {
    using _ = new ClientLease(cluster, await made(), stop.signal);
    await vi.advanceTimersByTimeAsync(30_000);
    // Timers do not see the time that a machine sleeps.
    cluster.now = () => Date.now() + 200_000;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked()).toEqual([560]);
    cluster.now = () => 0;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked()).toEqual([560]);
  });

  it("renews again a minute later after a failed renewal", async () => {
    using _ = new ClientLease(cluster, await made(), stop.signal);
    cluster.before = () => {
      throw refusal(503, "ServiceUnavailable", "the server is shutting down");
    };
    await vi.advanceTimersByTimeAsync(60_000);
    cluster.before = () => {};
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked()).toEqual([360, 420]);
  });

  it("waits for a running renewal before it releases the lease", async () => {
    using lease = new ClientLease(cluster, await made(), stop.signal);
    const slow = Promise.withResolvers<void>();
    cluster.before = () => slow.promise;
    await vi.advanceTimersByTimeAsync(60_000);
    const given = lease.release();
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked()).toEqual([360]);
    slow.resolve();
    await given;
    expect(asked()).toEqual([360, 7200]);
  });

  it("retries the release until the cluster can be reached", async () => {
    using lease = new ClientLease(cluster, await made(), stop.signal);
    cluster.before = () => {
      throw refusal(503, "ServiceUnavailable", "the server is shutting down");
    };
    const given = lease.release();
    await vi.advanceTimersByTimeAsync(11_000);
    expect(asked()).toEqual([7200, 7200, 7200]);
    cluster.before = () => {};
    await vi.advanceTimersByTimeAsync(5000);
    await given;
  });

  it("throws the cluster's refusal, but no error if the Job is gone", async () => {
    const error = new AuthError("you may not patch jobs");
    cluster.before = ({ verb }) => {
      if (verb === "patch") throw error;
    };
    using refused = new ClientLease(cluster, await made(), stop.signal);
    await expect(refused.release()).rejects.toBe(error);
    cluster.before = ({ verb }) => {
      if (verb === "patch") throw refusal(404, "NotFound", "jobs not found");
    };
    using gone = new ClientLease(cluster, await made(), stop.signal);
    await gone.release();
  });

  it("makes no request for a Job that has its whole time from the start", async () => {
    using lease = new ClientLease(cluster, await cluster.create("jobs", jobOf(7200)), stop.signal);
    await vi.advanceTimersByTimeAsync(300_000);
    await lease.release();
    expect(asked()).toEqual([]);
  });

  it("makes no request after it is disposed of", async () => {
    const job = await made();
    {
      using _ = new ClientLease(cluster, job, stop.signal);
    }
    await vi.advanceTimersByTimeAsync(300_000);
    expect(asked()).toEqual([]);
  });
});

describe("the right to renew a lease", () => {
  it("is checked with an access review", async () => {
    expect(await mayRenew(cluster, stop.signal)).toBe(true);
    expect(cluster.seen("create", "selfsubjectaccessreviews")[0]?.detail).toEqual({
      spec: { resourceAttributes: { namespace: "team", verb: "patch", group: "batch", resource: "jobs" } },
    });
  });

  it("is missing when the review says no or fails", async () => {
    cluster.allowed = () => false;
    expect(await mayRenew(cluster, stop.signal)).toBe(false);
    cluster.before = () => {
      throw new AuthError("you may not ask");
    };
    expect(await mayRenew(cluster, stop.signal)).toBe(false);
  });
});
