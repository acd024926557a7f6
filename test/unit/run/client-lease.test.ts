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

/** As the API server has it. */
async function made(limit = 7200): Promise<V1Job> {
  return cluster.create("jobs", withLease(jobOf(limit)));
}

/** The deadlines that were asked for, in order. */
const asked = () =>
  cluster
    .seen("patch", "jobs")
    .map(({ detail }) => (detail as { spec: { activeDeadlineSeconds: number } }).spec.activeDeadlineSeconds);

describe("an early deadline", () => {
  it("is near, and has the build's own written beside it", () => {
    const job = withLease(jobOf(7200));
    expect(job.spec?.activeDeadlineSeconds).toBe(300);
    expect(job.metadata?.annotations).toEqual({ a: "b", "slipway.dev/timeout-seconds": "7200" });
    expect([timeLimitOf(job), needsClient(job)]).toEqual([7200, true]);
    const whole = { ...job, spec: { ...job.spec, activeDeadlineSeconds: 7200, template: {} } };
    expect([timeLimitOf(whole), needsClient(whole)]).toEqual([7200, false]);
  });

  it("is the build's own where that is as near", () => {
    const job = jobOf(300);
    expect(withLease(job)).toBe(job);
    expect([timeLimitOf(job), needsClient(job)]).toEqual([300, false]);
  });
});

describe("a lease", () => {
  it("puts the deadline off each minute, up to the build's own, until it is given its whole time", async () => {
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

  it("goes by the cluster's clock: a client that slept knows how late it is", async () => {
    using _ = new ClientLease(cluster, await made(), stop.signal);
    await vi.advanceTimersByTimeAsync(30_000);
    // What a machine's timers do not see of its sleep.
    cluster.now = () => Date.now() + 200_000;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked()).toEqual([560]);
    cluster.now = () => 0;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked()).toEqual([560]);
  });

  it("tries again a minute later when it could not", async () => {
    using _ = new ClientLease(cluster, await made(), stop.signal);
    cluster.before = () => {
      throw refusal(503, "ServiceUnavailable", "the server is shutting down");
    };
    await vi.advanceTimersByTimeAsync(60_000);
    cluster.before = () => {};
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked()).toEqual([360, 420]);
  });

  it("gives the whole time only after a request of its own that is under way", async () => {
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

  it("asks for the whole time until the cluster can be reached", async () => {
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

  it("passes on a refusal, and leaves it to others that the Job is gone", async () => {
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

  it("is none where the Job has its whole time from the start", async () => {
    using lease = new ClientLease(cluster, await cluster.create("jobs", jobOf(7200)), stop.signal);
    await vi.advanceTimersByTimeAsync(300_000);
    await lease.release();
    expect(asked()).toEqual([]);
  });

  it("is let go with the build", async () => {
    const job = await made();
    {
      using _ = new ClientLease(cluster, job, stop.signal);
    }
    await vi.advanceTimersByTimeAsync(300_000);
    expect(asked()).toEqual([]);
  });
});

describe("the right to put a deadline off", () => {
  it("is asked for by name", async () => {
    expect(await mayRenew(cluster, stop.signal)).toBe(true);
    expect(cluster.seen("create", "selfsubjectaccessreviews")[0]?.detail).toEqual({
      spec: { resourceAttributes: { namespace: "team", verb: "patch", group: "batch", resource: "jobs" } },
    });
  });

  it("is not there when the answer is no, or there is none", async () => {
    cluster.allowed = () => false;
    expect(await mayRenew(cluster, stop.signal)).toBe(false);
    cluster.before = () => {
      throw new AuthError("you may not ask");
    };
    expect(await mayRenew(cluster, stop.signal)).toBe(false);
  });
});
