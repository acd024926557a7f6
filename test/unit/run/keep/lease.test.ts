import { generateKeyPairSync } from "node:crypto";
import type { V1Job } from "@kubernetes/client-node";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { KeepKey } from "../../../../src/run/keep/keep-key.ts";
import { KEEP_ANNOTATION, KeepLease, buildsUnderWay } from "../../../../src/run/keep/kept-builder.ts";

const KEY = new KeepKey(generateKeyPairSync("ed25519").privateKey);
const STARTED = "2026-11-29T03:00:00Z";

/** The deadline that a client sets 100 seconds after the Job has started. */
async function deadlineAfter(seconds: number, job: Partial<V1Job>): Promise<number> {
  const patches: { spec: { activeDeadlineSeconds: number } }[] = [];
  const cluster = {
    now: () => Date.parse(STARTED) + 100_000,
    patch: async (_kind: unknown, _object: unknown, patch: object) => patches.push(patch as (typeof patches)[number]),
  };
  const whole = { metadata: { name: "k", uid: "u" }, status: { startTime: new Date(STARTED) }, ...job };
  using lease = new KeepLease(cluster as never, whole, seconds, KEY);
  await lease.renew(new AbortController().signal);
  return patches[0]?.spec.activeDeadlineSeconds ?? 0;
}

it("a new builder's first deadline does not count: it stays for the time that its client asks for", async () => {
  expect(await deadlineAfter(60, { spec: { activeDeadlineSeconds: 300, template: {} } })).toBe(160);
});

it("a time that another client has asked for is not shortened", async () => {
  const metadata = { name: "k", uid: "u", annotations: { [KEEP_ANNOTATION.proof]: "signed" } };
  expect(await deadlineAfter(60, { metadata, spec: { activeDeadlineSeconds: 1800, template: {} } })).toBe(1800);
  expect(await deadlineAfter(3600, { metadata, spec: { activeDeadlineSeconds: 1800, template: {} } })).toBe(3700);
});

/** A builder in a cluster of its own, whose clock is the test's. */
function builder(): { readonly job: V1Job; readonly cluster: never; patches: number } {
  const job: V1Job = { metadata: { name: "k", uid: "u", annotations: {} } };
  const kept = {
    job,
    patches: 0,
    cluster: {
      now: () => Date.now(),
      patch: async (_kind: unknown, _object: unknown, patch: { metadata: { annotations: Record<string, string> } }) => {
        kept.patches += 1;
        const annotations = Object.entries({ ...job.metadata?.annotations, ...patch.metadata.annotations });
        job.metadata!.annotations = Object.fromEntries(annotations.filter(([, value]) => value !== null));
      },
    } as never,
  };
  return kept;
}
const signal = new AbortController().signal;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("a build that runs for more than ten seconds is under way until it ends", async () => {
  const { job, cluster } = builder();
  const lease = new KeepLease(cluster, job, 600, KEY);
  await lease.begin(signal);
  expect(buildsUnderWay(job, Date.now())).toBe(0);
  for (const seconds of [10, 60, 600]) {
    await vi.advanceTimersByTimeAsync(seconds * 1000);
    expect([seconds, buildsUnderWay(job, Date.now())]).toEqual([seconds, 1]);
  }
  await lease.end(signal);
  expect(buildsUnderWay(job, Date.now())).toBe(0);
});

it("each build counts, and one whose client was killed counts no more after some minutes", async () => {
  const { job, cluster } = builder();
  const leases = [1, 2, 3].map(() => new KeepLease(cluster, job, 600, KEY));
  for (const lease of leases) await lease.begin(signal);
  await vi.advanceTimersByTimeAsync(11_000);
  expect(buildsUnderWay(job, Date.now())).toBe(3);
  // Disposing stops the renewals, as the end of the process does.
  leases[0]![Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(300_000);
  expect(buildsUnderWay(job, Date.now())).toBe(2);
  for (const lease of leases.slice(1)) lease[Symbol.dispose]();
});

it("a short build makes one request for its lease, and leaves no trace of itself", async () => {
  const kept = builder();
  const lease = new KeepLease(kept.cluster, kept.job, 600, KEY);
  await lease.begin(signal);
  await vi.advanceTimersByTimeAsync(9000);
  await lease.end(signal);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([kept.patches, buildsUnderWay(kept.job, Date.now())]).toEqual([1, 0]);
});
