import { generateKeyPairSync } from "node:crypto";
import type { V1Job } from "@kubernetes/client-node";
import { expect, it } from "vitest";
import { KeepKey } from "../../../../src/run/keep/keep-key.ts";
import { KEEP_ANNOTATION, KeepLease } from "../../../../src/run/keep/kept-builder.ts";

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
