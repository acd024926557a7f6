/** The pod that was asked for, compared with the one that a cluster's policies made of it. */
import type { V1PodSpec } from "@kubernetes/client-node";
import { expect, it } from "vitest";
import { BUILDER_NAMES } from "../../../../src/plan/builder-names.ts";
import { changesText, policyChanges, policyError, policyWarning } from "../../../../src/run/follow/policy-changes.ts";
import { loadBuilder } from "../../../../src/builders/table.ts";
import { objectsOf } from "../../../../src/run/objects.ts";
import { deliverByStream } from "../../../../src/ship/stream.ts";
import { PLAN } from "../../plan/sample.ts";

/** The pod of a streamed build. */
async function podOf(name: (typeof BUILDER_NAMES)[number]): Promise<V1PodSpec> {
  const builder = await loadBuilder(name);
  const plan = { ...PLAN, builder: name };
  // oxlint-disable-next-line require-yield -- nothing is sent here
  const nothing = async function* (): AsyncGenerator<Uint8Array> {};
  const delivery = deliverByStream(nothing, { image: "busybox", ...builder.receiver(plan) });
  return objectsOf(plan, builder.pod(plan, "directory"), delivery).job.spec?.template.spec ?? { containers: [] };
}

type Change = (pod: V1PodSpec) => V1PodSpec;

/** What a policy sets in every container. */
const inContainers =
  (fields: object): Change =>
  (pod) => {
    const own = (container: V1PodSpec["containers"][number]) => ({
      ...container,
      securityContext: { ...container.securityContext, ...fields },
    });
    return { ...pod, initContainers: (pod.initContainers ?? []).map(own), containers: pod.containers.map(own) };
  };

const FATAL: readonly (readonly [what: string, change: Change, field: string])[] = [
  ["a read-only root", inContainers({ readOnlyRootFilesystem: true }), "readOnlyRootFilesystem"],
  ["another user", inContainers({ runAsUser: 4711 }), "runAsUser"],
  ["a container that was taken away", (pod) => ({ ...pod, containers: [] }), "is missing"],
];

it.each(BUILDER_NAMES.flatMap((builder) => FATAL.map((row) => [builder, ...row] as const)))(
  "%s cannot build with %s, and the error names it",
  async (name, _, change, field) => {
    const pod = await podOf(name);
    const error = policyError(policyChanges(pod, change(pod)));
    expect(error?.message).toMatch(
      /^an admission policy of the cluster changed the build's pod, so that it cannot build: /,
    );
    expect(error?.message).toContain(field);
  },
);

it("a user that must not be root is fatal for a builder that is root, and not for another", async () => {
  const change: Change = (pod) => ({ ...pod, securityContext: { ...pod.securityContext, runAsNonRoot: true } });
  const errors = await Promise.all(
    BUILDER_NAMES.map(async (name) => {
      const pod = await podOf(name);
      return [name, policyError(policyChanges(pod, change(pod))) !== undefined];
    }),
  );
  expect(Object.fromEntries(errors)).toEqual({
    kaniko: true,
    buildah: true,
    makisu: true,
    buildkit: false,
    img: false,
  });
});

const SHOWN: readonly (readonly [what: string, change: Change, text: string])[] = [
  ["a seccomp profile", inContainers({ seccompProfile: { type: "Localhost" } }), "seccompProfile of the container"],
  ["fewer capabilities", inContainers({ capabilities: { drop: ["ALL"] } }), "capabilities.add of the container"],
  ["no gain of privileges", inContainers({ allowPrivilegeEscalation: true }), "allowPrivilegeEscalation of the"],
  ["the node's own users", (pod) => ({ ...pod, hostUsers: true }), "hostUsers of the pod is true, not unset"],
  [
    "another registry for its image",
    (pod) => ({ ...pod, containers: pod.containers.map((container) => ({ ...container, image: "mirror/x" })) }),
    "image of the container kaniko is mirror/x, not ",
  ],
];

it.each(SHOWN)("%s is named when the build has failed, and does not end it before", async (_, change, text) => {
  const pod = await podOf("kaniko");
  const changes = policyChanges(pod, change(pod));
  expect(policyError(changes)).toBeUndefined();
  expect(policyWarning(changes).message).toContain(text);
});

it("a command that was changed is named without its args, which may hold a secret", async () => {
  const pod = await podOf("kaniko");
  const changes = policyChanges(pod, {
    ...pod,
    containers: pod.containers.map((container) => ({ ...container, args: ["--build-arg=TOKEN=secret"] })),
  });
  expect(changesText(changes)).toBe("args of the container kaniko was changed");
});

const HARMLESS: readonly (readonly [what: string, change: Change])[] = [
  ["a pod as it was asked for", (pod) => pod],
  ["a further toleration", (pod) => ({ ...pod, tolerations: [{ key: "build", operator: "Exists" }] })],
  ["a sidecar", (pod) => ({ ...pod, containers: [...pod.containers, { name: "mesh" }] })],
  ["a service account and its volume", (pod) => ({ ...pod, serviceAccountName: "x", volumes: [] })],
  [
    "the same value for the whole pod",
    (pod) => ({ ...pod, securityContext: { seccompProfile: { type: "Unconfined" } } }),
  ],
];

it.each(HARMLESS)("%s does not matter to a build", async (_, change) => {
  const pod = await podOf("kaniko");
  expect(policyChanges(pod, change(pod))).toEqual([]);
});
