import { beforeEach, describe, expect, it } from "vitest";
import type { BuildObjects } from "../../../src/run/objects.ts";
import { removeBuildOf, removeInputs, removeStarted } from "../../../src/run/remove.ts";
import { releasePod, startBuild } from "../../../src/run/start.ts";
import { FakeCluster, refusal } from "../../fakes/fake-cluster.ts";

const NAME = "slipway-app-x";
const OBJECTS: BuildObjects = {
  job: { metadata: { name: NAME } },
  configMap: { metadata: { name: NAME, labels: { a: "b" } } },
  secret: { metadata: { name: NAME } },
};
const signal = new AbortController().signal;
let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
});

describe("starting a build", () => {
  it("creates the Job first and then what it owns, so that every object is deleted in the end", async () => {
    const started = await startBuild(cluster, OBJECTS, signal);
    await started.complete;
    expect(started.gated).toBe(true);
    expect(cluster.seen("create").map(({ of }) => of)).toEqual(["jobs", "configmaps", "secrets"]);
    const owner = { apiVersion: "batch/v1", kind: "Job", name: NAME, uid: `uid-of-${NAME}` };
    for (const kind of ["configmaps", "secrets"]) {
      expect(cluster.stored.get(`${kind}/${NAME}`)).toMatchObject({
        metadata: { name: NAME, ownerReferences: [owner] },
      });
    }
    expect(cluster.stored.get(`configmaps/${NAME}`)).toMatchObject({ metadata: { labels: { a: "b" } } });
  });

  it("is complete at once if there is only the Job", async () => {
    const started = await startBuild(cluster, { job: OBJECTS.job }, signal);
    await started.complete;
    expect(started.gated).toBe(false);
  });

  it("creates nothing else if the Job is refused", async () => {
    cluster.before = ({ of }) => {
      if (of === "jobs") throw refusal(403, "Forbidden", "you may not create jobs");
    };
    await expect(startBuild(cluster, OBJECTS, signal)).rejects.toThrow("you may not create jobs");
    expect(cluster.seen("create")).toHaveLength(1);
  });

  it("fails if one of the other objects is refused", async () => {
    cluster.before = ({ of }) => {
      if (of === "secrets") throw refusal(403, "Forbidden", "you may not create secrets");
    };
    const { complete } = await startBuild(cluster, OBJECTS, signal);
    await expect(complete).rejects.toThrow("you may not create secrets");
  });

  it("releases the pod by removing its gates", async () => {
    await releasePod(cluster, { name: "pod-1", uid: "1" }, signal);
    expect(cluster.calls).toEqual([
      { verb: "patch", of: "pods", name: "pod-1", detail: { spec: { schedulingGates: [] } } },
    ]);
  });
});

describe("removing a build", () => {
  const started = async (objects: BuildObjects = OBJECTS) => {
    const build = await startBuild(cluster, objects, signal);
    await build.complete;
    return build;
  };

  it("removes only the inputs, and keeps the Job with its log", async () => {
    await removeInputs(cluster, (await started()).inputs);
    expect([...cluster.stored.keys()]).toEqual([`jobs/${NAME}`]);
  });

  it("removes everything of a build that was stopped", async () => {
    await removeStarted(cluster, NAME, await started());
    expect([...cluster.stored.keys()]).toEqual([]);
  });

  it("asks only for objects that were created", async () => {
    await removeStarted(cluster, NAME, await started({ job: OBJECTS.job }));
    expect(cluster.seen("remove").map(({ of }) => of)).toEqual(["jobs"]);
  });

  it("keeps objects of the same name that somebody else made later", async () => {
    const build = await started();
    for (const kind of ["jobs", "secrets", "configmaps"]) {
      cluster.stored.set(`${kind}/${NAME}`, { metadata: { name: NAME, uid: "of a stranger" } });
    }
    await removeStarted(cluster, NAME, build);
    expect([...cluster.stored.keys()]).toHaveLength(3);
  });

  it("finds the Job whose creation was not confirmed, and removes nothing if that is not slipway's", async () => {
    cluster.stored.set(`jobs/${NAME}`, { metadata: { name: NAME, uid: "1" } });
    await removeStarted(cluster, NAME, undefined);
    expect([...cluster.stored.keys()]).toHaveLength(1);
    const labels = { "app.kubernetes.io/managed-by": "slipway" };
    cluster.stored.set(`jobs/${NAME}`, { metadata: { name: NAME, uid: "1", labels } });
    await removeStarted(cluster, NAME, undefined);
    expect([...cluster.stored.keys()]).toEqual([]);
  });

  it("deletes a stranger's Job, and no Secret and ConfigMap that have the Job's name", async () => {
    for (const kind of ["jobs", "secrets", "configmaps"]) {
      cluster.stored.set(`${kind}/prod-db`, { metadata: { name: "prod-db", uid: `uid-of-${kind}` } });
    }
    await removeBuildOf(cluster, { name: "prod-db", uid: "uid-of-jobs" });
    expect([...cluster.stored.keys()]).toEqual(["secrets/prod-db", "configmaps/prod-db"]);
  });
});
