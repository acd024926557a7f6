import { describe, expect, it } from "vitest";
import { buildkit } from "../../../src/builders/buildkit/buildkit.ts";
import { objectsOf } from "../../../src/run/objects.ts";
import { startBuild } from "../../../src/run/start.ts";
import { ClusterError } from "../../../src/errors.ts";
import { ApiError } from "../../../src/lib/kube/refusal.ts";
import type { Cluster } from "../../../src/lib/kube/cluster.ts";
import { PLAN, planOf } from "../plan/sample.ts";

const plan = { ...PLAN, cacheVolume: "kept", volume: { size: "5Gi", storageClass: "fast" } };
const delivery = {
  transport: "configmap",
  form: "archive",
  volume: { name: "context", configMap: { name: plan.name } },
} as const;
const objects = objectsOf(plan, buildkit.pod(plan, "archive"), delivery);

describe("a cache volume", () => {
  it("is a claim that belongs to no build, has labels to find it, and is mounted by the pod", () => {
    expect(objects.claims).toEqual([
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: {
          name: "kept",
          labels: {
            "app.kubernetes.io/managed-by": "slipway",
            "app.kubernetes.io/version": "0.1.0",
            "slipway.dev/user": "jane",
            "slipway.dev/volume": "builder",
          },
        },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } }, storageClassName: "fast" },
      },
    ]);
    const { volumes = [] } = objects.job.spec?.template.spec ?? {};
    expect(volumes).toContainEqual({ name: "cache", persistentVolumeClaim: { claimName: "kept" } });
  });

  it("is used if it exists, and every other refusal fails the build", async () => {
    const made: string[] = [];
    const cluster = (code: number): Cluster =>
      ({
        create: async (kind: string, object: object) => {
          made.push(kind);
          if (kind !== "persistentvolumeclaims") return object;
          throw new ClusterError("no", { cause: new ApiError({ code, reason: "x", message: "no" }) });
        },
      }) as unknown as Cluster;
    const start = (code: number): ReturnType<typeof startBuild> =>
      startBuild(cluster(code), objects, new AbortController().signal);
    await (
      await start(409)
    ).complete;
    expect(made).toContain("persistentvolumeclaims");
    await expect((await start(403)).complete).rejects.toThrow("no");
  });

  it("has a valid object name", () => {
    expect(planOf({ builder: "buildkit", cacheVolume: "kept" }).cacheVolume).toBe("kept");
    expect(() => planOf({ builder: "buildkit", cacheVolume: "../x" })).toThrow("--cache-volume");
  });
});
