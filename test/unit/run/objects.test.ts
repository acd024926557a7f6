import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { kaniko } from "../../../src/builders/kaniko/kaniko.ts";
import type { BuildPlan } from "../../../src/plan/plan.ts";
import { parseReference } from "../../../src/lib/image/reference.ts";
import { printObjects } from "../../../src/cli/print/yaml.ts";
import { GATE, objectsOf } from "../../../src/run/objects.ts";
import type { BuildObjects } from "../../../src/run/objects.ts";
import { deliverByConfigMap } from "../../../src/ship/choose.ts";
import { deliverByStream, deliverByVolume } from "../../../src/ship/stream.ts";
import type { Delivery } from "../../../src/ship/delivery.ts";
import { inputsName } from "../../../src/plan/inputs-name.ts";
import { PLAN } from "../plan/sample.ts";

const IDENTITY = { image: "busybox:stable", user: 0, group: 0 };
const nothing = async function* (): AsyncIterable<Uint8Array> {};
const BY_CONFIGMAP = deliverByConfigMap(Buffer.from("archive"), PLAN.name);
const BY_STREAM = deliverByStream(nothing, IDENTITY);
const DOCKER_CONFIG = '{"auths":{"r.io":{"auth":"c2VjcmV0OnBhc3N3b3Jk"}}}';

function objects(
  change: Partial<BuildPlan> = {},
  delivery: Delivery = BY_CONFIGMAP,
  dockerConfig?: string,
): BuildObjects {
  const plan = { ...PLAN, ...change };
  return objectsOf(plan, kaniko.pod(plan, delivery.form), delivery, dockerConfig);
}

const podOf = ({ job }: BuildObjects) => job.spec?.template.spec ?? { containers: [] };
const shipped = () => objects({ credentials: { kind: "shipped" } }, BY_CONFIGMAP, DOCKER_CONFIG);
const withCa = () => objects({ registries: { hosts: ["r.io"], insecure: [], ca: "PEM" } }, BY_STREAM);

const EVERY: readonly (readonly [string, () => BuildObjects])[] = [
  ["by ConfigMap", () => objects()],
  ["by stream", () => objects({}, BY_STREAM)],
  ["by volume", () => objects({}, deliverByVolume(nothing, IDENTITY, { size: "1Gi", storageClass: "fast" }))],
  ["with credentials", shipped],
  ["with a Secret of the namespace", () => objects({ credentials: { kind: "secret", name: "regcred" } })],
  ["with certificates", withCa],
];

describe.each(EVERY)("a build %s", (_name, make) => {
  const made = make();
  const pod = podOf(made);
  const containers = [...(pod.initContainers ?? []), ...pod.containers];

  it("is unprivileged: no privileges, nothing of the host, no token", () => {
    for (const { securityContext } of containers) {
      expect(securityContext).toMatchObject({
        privileged: false,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        seccompProfile: { type: "RuntimeDefault" },
      });
    }
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.volumes?.filter((volume) => volume.hostPath !== undefined)).toEqual([]);
    expect([pod.hostNetwork, pod.hostPID, pod.hostIPC]).toEqual([undefined, undefined, undefined]);
    expect(containers.flatMap(({ ports }) => ports ?? [])).toEqual([]);
  });

  it("mounts every volume that it has, and has every volume that it mounts", () => {
    const mounted = new Set(containers.flatMap(({ volumeMounts }) => volumeMounts?.map(({ name }) => name) ?? []));
    expect(new Set(pod.volumes?.map(({ name }) => name))).toEqual(mounted);
    const builder = pod.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath) ?? [];
    expect(builder.filter((path) => !path.startsWith("/kaniko/"))).toEqual([]);
  });

  it("has a deadline and a TTL", () => {
    expect(made.job.spec).toMatchObject({
      backoffLimit: 0,
      activeDeadlineSeconds: 7200,
      ttlSecondsAfterFinished: 3600,
    });
    expect(pod.restartPolicy).toBe("Never");
  });

  it("has a scheduling gate only if objects are created after the Job", () => {
    const gates = made.configMap === undefined && made.secret === undefined ? undefined : [{ name: GATE }];
    expect(pod.schedulingGates).toEqual(gates);
  });

  it("has the same labels on all objects, and a name that only its Job's name gives on the inputs", () => {
    const labels = {
      "app.kubernetes.io/managed-by": "slipway",
      "app.kubernetes.io/version": "0.1.0",
      "slipway.dev/build": PLAN.name,
      "slipway.dev/builder": "kaniko",
      "slipway.dev/user": "jane",
    };
    expect(made.job.metadata).toMatchObject({ name: PLAN.name, labels });
    for (const object of [made.configMap, made.secret]) {
      const name = inputsName(PLAN.name);
      expect([object?.metadata?.name ?? name, object?.metadata?.labels ?? labels]).toEqual([name, labels]);
    }
    expect(made.job.spec?.template.metadata?.labels).toMatchObject(labels);
  });

  it("shows no secret values when it is printed", () => {
    const text = printObjects(made);
    expect(text).not.toContain("c2VjcmV0");
    expect(text).not.toContain(Buffer.from(DOCKER_CONFIG).toString("base64").slice(0, 20));
  });
});

describe("credentials", () => {
  it("that are shipped are only in a Secret of docker's type", () => {
    const { secret, job, configMap } = shipped();
    expect(secret).toMatchObject({ type: "kubernetes.io/dockerconfigjson", immutable: true });
    expect(Buffer.from(secret?.data?.[".dockerconfigjson"] ?? "", "base64").toString()).toBe(DOCKER_CONFIG);
    expect(JSON.stringify([job, configMap])).not.toContain("c2VjcmV0");
  });

  it("of the namespace are mounted from their Secret, and none is created", () => {
    const made = objects({ credentials: { kind: "secret", name: "regcred" } });
    expect(made.secret).toBeUndefined();
    expect(podOf(made).volumes).toContainEqual({
      name: "registry-auth",
      secret: { secretName: "regcred", items: [{ key: ".dockerconfigjson", path: "config.json" }] },
    });
  });

  it("may be absent: no Secret, no mount", () => {
    const made = objects();
    expect(made.secret).toBeUndefined();
    expect(JSON.stringify(made.job)).not.toContain("registry-auth");
  });
});

describe("the ConfigMap of a build", () => {
  it("holds a small context", () => {
    expect(objects().configMap).toMatchObject({
      immutable: true,
      binaryData: { "context.tar.gz": Buffer.from("archive").toString("base64") },
    });
  });

  it("holds certificates, also with a streamed context", () => {
    expect(withCa().configMap?.data).toEqual({ "ca.crt": "PEM" });
    expect(withCa().configMap).not.toHaveProperty("binaryData");
  });

  it("is not created only for a streamed context", () => {
    expect(objects({}, BY_STREAM).configMap).toBeUndefined();
  });
});

describe("the metadata of a build's objects", () => {
  it("has the references in an annotation, which allows all characters", () => {
    const tags = [parseReference("r.io/a:1"), parseReference("b")];
    expect(objects({ tags }).job.metadata?.annotations).toEqual({
      "slipway.dev/references": "r.io/a:1,docker.io/library/b:latest",
      "slipway.dev/container": "kaniko",
      "slipway.dev/created-by": "jane",
    });
  });

  it.each([
    ["DOMAIN\\jane doe", "DOMAIN-jane-doe"],
    ["-._jane_.-", "jane"],
    ["j".repeat(80), "j".repeat(45)],
    [`${"j".repeat(44)}.x${"j".repeat(40)}`, "j".repeat(44)],
    ["jürgen", "j-rgen"],
    ["system:serviceaccount:builds:ci", "system-serviceaccount-builds-ci"],
  ])("turns the user %j, which a label cannot hold, into a label of this user only", (user, start) => {
    const label = objects({ user }).job.metadata?.labels?.["slipway.dev/user"] ?? "";
    expect(label.slice(0, -17)).toBe(start);
    expect(label).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,61}[A-Za-z0-9]$/);
    expect(objects({ user: `${user}!` }).job.metadata?.labels?.["slipway.dev/user"]).not.toBe(label);
  });

  it("has a user that a label can hold as it is", () => {
    expect(objects({ user: "jane" }).job.metadata?.labels?.["slipway.dev/user"]).toBe("jane");
  });

  it("keeps autoscalers from moving the pod, and meshes from joining it", () => {
    expect(objects().job.spec?.template.metadata?.labels).toMatchObject({
      "sidecar.istio.io/inject": "false",
      "kuma.io/sidecar-injection": "disabled",
    });
    expect(objects().job.spec?.template.metadata?.annotations).toMatchObject({
      "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
      "karpenter.sh/do-not-disrupt": "true",
      "sidecar.istio.io/inject": "false",
      "linkerd.io/inject": "disabled",
    });
  });
});

it("objects are printed for kubectl, with the keys of the Secret but not its values", () => {
  const documents = printObjects(shipped())
    .split(/^---\n/m)
    .filter(Boolean)
    .map((text) => load(text) as Record<string, unknown>);
  expect(documents.map(({ kind }) => kind)).toEqual(["ConfigMap", "Secret", "Job"]);
  expect(documents[1]).toMatchObject({ data: { ".dockerconfigjson": "" }, type: "kubernetes.io/dockerconfigjson" });
});
