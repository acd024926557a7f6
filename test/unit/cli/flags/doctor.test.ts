/** doctor takes every flag of a build that changes its pod: found by planning a build with each flag, and comparing the pods. */
import type { V1PodSpec } from "@kubernetes/client-node";
import { expect, it } from "vitest";
import { planRequest } from "../../../../src/app/build/plan-request.ts";
import Doctor from "../../../../src/cli/commands/doctor.ts";
import { buildFlags, requestOf } from "../../../../src/cli/flags/build.ts";
import { objectsOf } from "../../../../src/run/objects.ts";
import { deliverByConfigMap } from "../../../../src/ship/choose.ts";

type Flags = Parameters<typeof requestOf>[1];
type Name = keyof typeof buildFlags;

/** A value of each flag that changes a build, if it needs a certain one. Other flags get `true` or one word. */
const VALUES: Readonly<Partial<Record<Name, string>>> = {
  "add-host": "db:10.0.0.7",
  allow: "buildx.local.delete",
  annotation: "a=b",
  attest: "type=sbom",
  "build-context": "x=docker-image://busybox",
  "cache-from": "r.example.com/cache",
  "cache-to": "r.example.com/cache",
  "context-warning": "1m",
  "cpu-period": "50000",
  "cpu-quota": "50000",
  "cpu-shares": "512",
  egress: "any",
  keep: "5m",
  limits: "cpu=1",
  memory: "1g",
  network: "host",
  "node-selector": "a=b",
  output: "type=docker,dest=/tmp/o.tar",
  platform: "linux/arm64",
  progress: "plain",
  provenance: "true",
  requests: "cpu=1",
  resource: "memory=1g",
  sbom: "true",
  secret: "id=a,k8s=b/c",
  security: "restricted",
  "shm-size": "1g",
  tag: "r.example.com/other",
  sign: "true",
  ssh: "default=/dev/null",
  timeout: "3h",
  toleration: "a=b",
  transport: "stream",
  ttl: "2h",
  ulimit: "nofile=1024",
  userns: "always",
  "volume-size": "5Gi",
  builder: "buildah",
  load: "true",
  isolate: "team",
};

/** Flags that are refused or have no effect without another one. */
const WITH: Readonly<Partial<Record<Name, object>>> = { egress: { "network-policy": true } };

/** Flags with which no build can be planned here, each with the reason. */
const REFUSED: readonly string[] = [
  "allow-unsafe-template: InvalidInput: --allow-unsafe-template has no effect without a pod template",
  "policy: InvalidInput: slipway does not support source policies",
];

async function flagsWith(changed: object): Promise<Flags> {
  const entries = await Promise.all(
    Object.entries(buildFlags).map(async ([name, flag]) => {
      const own = (flag as { default?: unknown; multiple?: boolean }).default;
      const value: unknown = typeof own === "function" ? undefined : own;
      return [name, value] as const;
    }),
  );
  const multiple = Object.entries(buildFlags).flatMap(([name, flag]) =>
    (flag as { multiple?: boolean }).multiple === true ? [[name, []]] : [],
  );
  return { ...Object.fromEntries(entries), ...Object.fromEntries(multiple), builder: "kaniko", ...changed } as Flags;
}

/** The pod without what runs in it: the builder's args and environment, which are about the image. */
async function podWith(changed: object, builder: string): Promise<unknown> {
  const request = requestOf(".", await flagsWith({ tag: ["r.example.com/app"], builder, ...changed }));
  const inputs = {
    context: { root: "/nowhere", ignoreFile: undefined },
    dockerfile: { path: "Dockerfile", text: "FROM scratch AS word\n" },
  };
  const { plan, builder: made } = await planRequest(request, inputs, { env: {}, user: "", version: "1" }, () => {});
  const named = { ...plan, name: "slipway-app-x" };
  const delivery = deliverByConfigMap(Buffer.from(""), named.name);
  const { job, claims, networkPolicy } = objectsOf(named, made.pod(named, "archive"), delivery);
  const spec: V1PodSpec = job.spec?.template.spec ?? { containers: [] };
  const still = (container: V1PodSpec["containers"][number]) => ({ ...container, args: [], command: [], env: [] });
  return {
    spec: { ...spec, initContainers: spec.initContainers?.map(still), containers: spec.containers.map(still) },
    claims,
    networkPolicy: networkPolicy === undefined ? undefined : "there is one",
    // The volume is of the pod's own, and sized by flags.
    volume: [plan.volume, plan.transport],
  };
}

async function changesPod(name: Name, value: unknown): Promise<boolean | string> {
  let reason = "";
  for (const builder of ["kaniko", "buildkit"]) {
    try {
      const changed = { ...WITH[name], [name]: value };
      const [before, after] = await Promise.all([podWith({}, builder), podWith(changed, builder)]);
      if (JSON.stringify(before) !== JSON.stringify(after)) return true;
      reason = "same";
    } catch (error) {
      reason ||= String(error);
    }
  }
  return reason === "same" ? false : reason;
}

const NAMES = Object.keys(buildFlags) as Name[];

it("doctor has every flag that changes a build's pod", async () => {
  const found: string[] = [];
  const had: string[] = [];
  const failed: string[] = [];
  for (const name of NAMES) {
    const flag = buildFlags[name] as { type: string; multiple?: boolean };
    const text = VALUES[name] ?? "word";
    const value = flag.type === "boolean" ? true : flag.multiple === true ? [text] : text;
    const changes = await changesPod(name, value);
    if (typeof changes === "string") failed.push(`${name}: ${changes}`);
    else if (changes) (Object.hasOwn(Doctor.flags, name) ? had : found).push(name);
  }
  expect(failed.toSorted()).toEqual(REFUSED);
  // The comparison sees what it is for.
  expect(had).toEqual(
    expect.arrayContaining(["memory", "platform", "output", "secret", "limits", "toleration", "userns"]),
  );
  expect(found).toEqual([]);
});
