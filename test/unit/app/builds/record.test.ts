import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { kaniko } from "../../../../src/builders/kaniko/kaniko.ts";
import { findBuild } from "../../../../src/app/builds/find.ts";
import type { FoundBuild } from "../../../../src/app/builds/find.ts";
import { hasEnded, judgeUnknown, recordOf } from "../../../../src/app/builds/record.ts";
import { withLease } from "../../../../src/run/client-lease.ts";
import { ANNOTATION } from "../../../../src/run/labels.ts";
import { objectsOf } from "../../../../src/run/objects.ts";
import { deliverByConfigMap } from "../../../../src/ship/choose.ts";
import { fillRow, fillTemplate } from "../../../../src/lib/text/go-template.ts";
import { buildTable } from "../../../../src/cli/print/tables.ts";
import { platformPlans } from "../../../../src/plan/platform-plans.ts";
import { PLAN, planOf } from "../../plan/sample.ts";
import {
  DIGEST,
  building,
  deleting,
  endedWith,
  gated,
  receiving,
  starting,
  unscheduled,
  waitingFor,
} from "../../run/follow/pods.ts";

const CREATED = "2026-01-01T00:00:00Z";
const plan = { ...PLAN, registries: { ...PLAN.registries, insecure: ["registry.example.com"] } };

/** The Job that a build makes, as the API server shows it. */
function jobWith(condition?: { type: string; reason?: string; message?: string }): V1Job {
  const { job } = objectsOf(plan, kaniko.pod(plan, "archive"), deliverByConfigMap(Buffer.from("x"), plan.name));
  const at = "2026-01-01T00:01:00Z" as unknown as Date;
  return {
    ...job,
    metadata: { ...job.metadata, namespace: "team", creationTimestamp: CREATED as unknown as Date },
    ...(condition === undefined
      ? {}
      : { status: { conditions: [{ status: "True", lastTransitionTime: at, ...condition }] } }),
  };
}

it("of one of several platforms, the record has the user's tags, the platform, and where the image is for now", () => {
  const [, arm] = platformPlans(planOf({ docker: { platform: ["linux/amd64,linux/arm64"] } }), false);
  const child = arm?.plan ?? plan;
  const { job } = objectsOf(child, kaniko.pod(child, "archive"), deliverByConfigMap(Buffer.from("x"), child.name));
  const record = recordOf(job, undefined, judge);
  expect(record.references).toEqual(["registry.example.com/team/app:1.0"]);
  expect(record.platform).toBe("linux/arm64");
  expect(record.pushedAs?.join()).toMatch(/^registry\.example\.com\/team\/app:1\.0-slipway-\w{8}-linux-arm64$/);
  expect(buildTable([record], { now: 0, users: false })).toContain("registry.example.com/team/app:1.0 linux/arm64");
});

const judge = kaniko.outcome.bind(kaniko);
const stateOf = (job: V1Job, pod?: V1Pod) => {
  const { state, reason, digest } = recordOf(job, pod, judge);
  return [state, reason, digest];
};

describe("the record of a build", () => {
  it("has every field of a report, only from the Job and the pod", () => {
    expect(recordOf(jobWith({ type: "Complete" }), endedWith(0, DIGEST), judge)).toEqual({
      name: plan.name,
      namespace: "team",
      state: "built",
      digest: DIGEST,
      references: ["registry.example.com/team/app:1.0"],
      builder: "kaniko",
      container: "kaniko",
      exitCode: 0,
      user: "jane",
      version: "0.1.0",
      insecureRegistries: ["registry.example.com"],
      createdAt: CREATED,
      endedAt: "2026-01-01T00:01:00Z",
      goneAt: "2026-01-01T01:01:00Z",
      timeoutSeconds: 7200,
      pod: "slipway-app-x-abcde",
      node: "node-1",
    });
  });

  it.each([
    ["no pod yet", undefined, "waiting"],
    ["a gated pod", gated, "waiting"],
    ["no node", unscheduled, "waiting"],
    ["on a node", starting, "starting"],
    ["receiving", receiving, "receiving"],
    ["building", building, "building"],
    ["ended well", endedWith(0, DIGEST), "built"],
    ["ended badly", endedWith(1), "failed"],
    ["ended well without a digest", endedWith(0), "failed"],
    ["no image", waitingFor("ImagePullBackOff", "x"), "failed"],
    ["being deleted", deleting(building), "failed"],
  ] as const)("%s", (_, pod, state) => {
    expect(recordOf(jobWith(), pod, judge).state).toBe(state);
  });

  it("uses the Job's status if the pod is gone", () => {
    expect(stateOf(jobWith({ type: "Failed", reason: "DeadlineExceeded" }))).toEqual([
      "timed-out",
      "its time limit has passed",
      undefined,
    ]);
    expect(stateOf(jobWith({ type: "Failed", reason: "BackoffLimitExceeded" }))).toEqual([
      "failed",
      "its pod was deleted before it had ended",
      undefined,
    ]);
    expect(stateOf(jobWith({ type: "Complete" }))).toEqual([
      "failed",
      "it succeeded, but its pod with the digest is deleted",
      undefined,
    ]);
    expect(
      hasEnded(recordOf(jobWith({ type: "FailureTarget", reason: "DeadlineExceeded" }), deleting(building), judge)),
    ).toBe(true);
  });

  it("is cancelled if a user ended it, and built if it had ended before", () => {
    const cancelled = (condition: { type: string; reason?: string }): V1Job => {
      const job = jobWith(condition);
      const annotations = { ...job.metadata?.annotations, [ANNOTATION.cancelledBy]: "jane" };
      return { ...job, metadata: { ...job.metadata, annotations } };
    };
    const ended = cancelled({ type: "Failed", reason: "DeadlineExceeded" });
    expect(stateOf(ended)).toEqual(["cancelled", "cancelled by jane", undefined]);
    expect(stateOf(ended, deleting(building))).toEqual(["cancelled", "cancelled by jane", undefined]);
    expect(hasEnded(recordOf(ended, undefined, judge))).toBe(true);
    expect(stateOf(cancelled({ type: "Complete" }), endedWith(0, DIGEST))).toEqual(["built", undefined, DIGEST]);
  });

  it("shows --timeout for a Job with a lease, and a lost client if the lease runs out", () => {
    const early = withLease(jobWith({ type: "Failed", reason: "DeadlineExceeded" }));
    expect(early.spec?.activeDeadlineSeconds).toBe(300);
    expect(recordOf(early, undefined, judge)).toMatchObject({
      state: "failed",
      reason: "the client was silent for 5 minutes before the upload had finished",
      timeoutSeconds: 7200,
    });
  });

  it("judges an unknown builder by exit code and digest", () => {
    expect(judgeUnknown({ exitCode: 0, message: `${DIGEST}\n` })).toEqual({ kind: "built", digest: DIGEST });
    expect(judgeUnknown({ exitCode: 3 })).toMatchObject({
      kind: "failed",
      message: "the builder ended with exit code 3",
    });
  });

  it("can be made from empty objects", () => {
    expect(recordOf({}, undefined, judgeUnknown)).toMatchObject({ name: "", state: "waiting", references: [] });
  });
});

function found(name: string, user = "jane", ended = false): FoundBuild {
  const job = structuredClone(jobWith(ended ? { type: "Failed" } : undefined));
  job.metadata = { ...job.metadata, name, uid: `uid-of-${name}` };
  const template = job.spec?.template.metadata;
  if (template !== undefined) template.labels = { ...template.labels, "slipway.dev/user": user };
  return { job, pod: undefined, record: recordOf(job, undefined, judge) };
}

describe("finding a build", () => {
  const builds = [
    found("slipway-b-2", "joe"),
    found("slipway-app-2", "jane", true),
    found("slipway-app-1"),
    found("slipway-app-11"),
  ];
  const find = (name: string, among?: "running" | "ended") =>
    findBuild(
      builds,
      { name, user: "jane", startedHere: () => true, ...(among === undefined ? {} : { among }) },
      "team",
    ).record.name;

  it("finds it by name, by the start of its name, or as the user's latest", () => {
    expect(find("slipway-app-1")).toBe("slipway-app-1");
    expect(find("slipway-b")).toBe("slipway-b-2");
    expect(find("b")).toBe("slipway-b-2");
    expect(find("latest")).toBe("slipway-app-2");
    expect(find("latest", "running")).toBe("slipway-app-1");
  });

  it("takes only a build that was started on this machine as the latest", () => {
    const wanted = { name: "latest", user: "jane", startedHere: (uid: string) => uid === "uid-of-slipway-app-1" };
    expect(findBuild(builds, wanted, "team").record.name).toBe("slipway-app-1");
    expect(() => findBuild(builds, { ...wanted, among: "ended" }, "team")).toThrow(
      "the newest one of jane in the namespace team is slipway-app-2",
    );
  });

  it("takes no build under its whole name that is the short name of one that was started on this machine", () => {
    const own = found("slipway-app-x7k2m9qd");
    const others = [found("slipway-app", "eve"), found("slipway-app-x7k2m9qd-bcdfghjk", "eve"), own];
    const name = (wanted: string): string =>
      findBuild(others, { name: wanted, user: "jane", startedHere: (uid) => uid === own.job.metadata?.uid }, "team")
        .record.name;
    expect(() => name("slipway-app")).toThrow('3 builds start with "slipway-app"');
    expect(name("slipway-app-x7k2m9qd")).toBe("slipway-app-x7k2m9qd");
    expect(name("slipway-app-x7k2m9qd-bcdfghjk")).toBe("slipway-app-x7k2m9qd-bcdfghjk");
  });

  it("takes the latest by what its Job was made with, and none if a later one has lost its labels", () => {
    const relabelled = found("slipway-app-3");
    relabelled.job.metadata = { ...relabelled.job.metadata, labels: { "slipway.dev/user": "eve" } };
    const wanted = { name: "latest", user: "jane", startedHere: () => true };
    expect(findBuild([relabelled, ...builds], wanted, "team").record.name).toBe("slipway-app-3");
    const later = (user: string, ended: boolean, uid = "later") => ({
      ...found("slipway-app-4", user, ended).job,
      metadata: { name: "slipway-app-4", uid, creationTimestamp: new Date("2027-01-01T00:00:00Z") },
    });
    const latest = (job: V1Job, more: object = {}): string =>
      findBuild(builds, { ...wanted, jobs: [job], ...more }, "team").record.name;
    expect(() => latest(later("jane", false))).toThrow("somebody has changed the labels of the Job slipway-app-4");
    expect(() => latest(later("jane", true), { among: "ended" })).toThrow("somebody has changed the labels");
    expect(latest(later("jane", true), { among: "running" })).toBe("slipway-app-1");
    expect(latest(later("eve", false))).toBe("slipway-app-2");
    expect(latest(later("jane", false, "x"), { startedHere: (uid: string) => uid !== "x" })).toBe("slipway-app-2");
    const earlier = { ...later("jane", false), metadata: { uid: "x", creationTimestamp: new Date(0) } };
    expect(latest(earlier)).toBe("slipway-app-2");
  });

  it("refuses a name that no build or more than one build has", () => {
    expect(() => find("x")).toThrow('there is no build "x" in the namespace team');
    expect(() => find("app")).toThrow('3 builds start with "app": slipway-app-2, slipway-app-1, slipway-app-11');
    expect(() => findBuild(builds, { name: "latest", user: "eve", startedHere: () => true }, "team")).toThrow(
      "you (eve) have no build in the namespace team",
    );
  });
});

describe("listing builds", () => {
  it("prints a table", () => {
    const record = recordOf(jobWith({ type: "Complete" }), endedWith(0, DIGEST), judge);
    expect(buildTable([record], { now: Date.parse("2026-01-01T03:00:00Z"), users: true })).toBe(
      "NAME                  STATE  IMAGE                              BUILDER  USER  CREATED  TOOK\n" +
        "slipway-app-bcdfghjk  built  registry.example.com/team/app:1.0  kaniko   jane  3 h ago  1 min 0 s\n",
    );
    expect(buildTable([{ ...record, references: ["a", "b"] }], { now: 0, users: false })).toMatch(
      / {2}a \+1 .* 0 s ago/,
    );
  });

  it("prints one row for each build, even if somebody has written line feeds into its values", () => {
    const value = { name: "n", user: "x\nslipway-forged\tjane\r\u2028y", references: ["a\nb", "c"] };
    expect(fillRow(String.raw`{{.Name}}\t{{.User}} {{.References}}`, value, ["name", "user", "references"])).toBe(
      "n\tx slipway-forged jane  y a b,c\n",
    );
    expect(fillRow("{{json .User}}", value, ["user"])).toBe(`${JSON.stringify(value.user)}\n`);
  });

  it("prints a template like docker's", () => {
    const fields = ["name", "references", "digest"];
    const value = { name: "n", references: ["a", "b"] };
    expect(fillTemplate(String.raw`{{.Name}}\t{{ .References }}\n{{.Digest}}|`, value, fields)).toBe("n\ta,b\n|");
    expect(fillTemplate("{{json .}} {{json .References}}", value, fields)).toBe(`${JSON.stringify(value)} ["a","b"]`);
    expect(() => fillTemplate("{{.Nmae}}", value, fields)).toThrow("unknown field .Nmae");
    expect(() => fillTemplate("{{range .}}", value, fields)).toThrow("is not supported in slipway's templates");
  });
});
