/** Every test builds as an account with exactly what `slipway rbac` prints; here with the smallest of its forms, and what it may not. */
import type { V1NetworkPolicy } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { BUSYBOX, REGISTRY, build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { leastKubeconfig } from "./support/least.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { printing } from "./support/step-lines.ts";

const namespace = useNamespace();

const may = (verb: string, resource: string): Promise<string> =>
  kubectl(["auth", "can-i", verb, resource, "-n", namespace.name, "--kubeconfig", namespace.kubeconfig]).catch(
    (error: unknown) => String(error),
  );

test("without exec and secrets a small context is built, and a streamed one is refused in one sentence", async () => {
  await leastKubeconfig(namespace.name, ["--transport", "configmap", "--no-secrets"]);
  expect(await may("create", "jobs.batch")).toBe("yes\n");
  for (const [verb, resource] of [
    ["create", "pods/exec"],
    ["create", "secrets"],
    ["get", "secrets"],
    ["create", "pods"],
    ["list", "configmaps"],
  ] as const) {
    expect(await may(verb, resource), `${verb} ${resource}`).not.toBe("yes\n");
  }
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
  await mustBuild(namespace, ["-q", "--no-credentials", "-t", uniqueImage(), root]);
  const run = await build(namespace, ["--no-credentials", "--transport", "stream", "-t", uniqueImage(), root]);
  expect(run.code).toBe(4);
  expect(run.stderr).toMatch(/^ERROR: .*exec/m);
});

test(
  "rbac --builder kaniko: a streamed context needs no right on ConfigMaps or to change a pod, and a failure is explained",
  { tags: ["long"] },
  async () => {
    await leastKubeconfig(namespace.name, ["--builder", "kaniko", "--transport", "stream", "--no-secrets"]);
    for (const [verb, resource] of [
      ["create", "configmaps"],
      ["delete", "configmaps"],
      ["patch", "pods"],
      ["create", "persistentvolumeclaims"],
    ] as const) {
      expect(await may(verb, resource), `${verb} ${resource}`).not.toBe("yes\n");
    }
    const flags = ["--no-credentials", "--transport", "stream"];
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
    await mustBuild(namespace, [...flags, "-t", uniqueImage(), root]);
    const sleeps = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo sleeping && sleep 300\n` });
    let deleted: Promise<string> | undefined;
    const run = await build(namespace, [...flags, sleeps], {
      onStderr: (text) => {
        if (!printing("sleeping").test(text)) return;
        deleted ??= kubectl(["delete", "pods", "--all", "--grace-period=0", "--wait=false", "-n", namespace.name]);
      },
    });
    await deleted;
    expect([run.code, run.stderr]).toEqual([3, expect.stringMatching(/^ERROR: the build's pod was deleted/m)]);
    const other = await build(namespace, ["--builder", "buildah", ...flags, "-t", uniqueImage(), root]);
    expect([other.code, other.stderr]).toEqual([
      4,
      expect.stringMatching(/^ERROR: .*may not patch pods; create, delete configmaps in the namespace/m),
    ]);
    const certified = await build(namespace, [...flags, "--registry-ca", environment("REGISTRY_CA"), root]);
    expect([certified.code, certified.stderr]).toEqual([
      4,
      expect.stringMatching(/^ERROR: .*may not patch pods; create, delete configmaps in the namespace/m),
    ]);
  },
);

test(
  "rbac --builder buildkit --cache-volume: the build makes its volume, without exec",
  { tags: ["long"] },
  async () => {
    const flags = ["--builder", "buildkit", "--cache-volume", "--transport", "configmap", "--no-secrets"];
    await leastKubeconfig(namespace.name, flags);
    expect(await may("create", "persistentvolumeclaims")).toBe("yes\n");
    for (const [verb, resource] of [
      ["create", "pods/exec"],
      ["create", "secrets"],
      ["delete", "persistentvolumeclaims"],
    ] as const) {
      expect(await may(verb, resource), `${verb} ${resource}`).not.toBe("yes\n");
    }
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
    const args = [
      "--builder=buildkit",
      "--cache-volume=state",
      "--volume-size=200Mi",
      "--no-credentials",
      "-t",
      uniqueImage(),
      root,
    ];
    await mustBuild(namespace, args);
    expect(await objectsIn(namespace.name)).toContain("persistentvolumeclaim/state");
    await kubectl(["delete", "pvc", "state", "-n", namespace.name, "--wait=false"]);
    await leastKubeconfig(namespace.name, ["--builder", "kaniko"]);
    const refused = await build(namespace, args);
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringMatching(/^ERROR: .*may not create persistentvolumeclaims/m),
    ]);
  },
);

test(
  "--network-policy makes a policy owned by the Job before the pod runs, and needs only the right to create it",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
    const args = ["--network-policy", "--egress=10.1.2.3:8080", "-t", uniqueImage(), root];
    const refused = await build(namespace, args);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringMatching(/^ERROR: .*networkpolicies/m)]);
    await leastKubeconfig(namespace.name, ["--network-policy"]);
    await mustBuild(namespace, args);
    const list = JSON.parse(await kubectl(["get", "networkpolicies", "-n", namespace.name, "-o", "json"])) as {
      items: V1NetworkPolicy[];
    };
    expect(list.items).toHaveLength(1);
    const [policy] = list.items;
    const name = policy?.metadata?.name ?? "";
    expect(policy?.metadata?.ownerReferences).toMatchObject([{ kind: "Job", name }]);
    expect(policy?.spec?.podSelector?.matchLabels).toEqual({ "slipway.dev/build": name });
    const pods = await kubectl(["get", "pods", "-n", namespace.name, "-l", `slipway.dev/build=${name}`, "-o", "name"]);
    expect(pods.trim().split("\n")).toHaveLength(1);
    expect(policy?.spec?.egress?.[0]?.to?.[0]?.ipBlock?.except).toContain("169.254.169.254/32");
    expect(policy?.spec?.egress?.slice(1).map(({ to, ports }) => [to?.[0]?.ipBlock?.cidr, ports?.[0]?.port])).toEqual([
      [`${REGISTRY.replace(/:.*/, "")}/32`, Number(REGISTRY.replace(/.*:/, ""))],
      ["10.1.2.3/32", 8080],
    ]);
    await kubectl(["delete", "job", name, "-n", namespace.name]);
    await expect.poll(() => objectsIn(namespace.name)).not.toContain(`networkpolicy.networking.k8s.io/${name}`);
  },
);

test("a missing --registry-secret is reported in one sentence, long before the time limit", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
  const run = await build(namespace, ["--timeout", "1h", "--registry-secret", "nowhere", "-t", uniqueImage(), root]);
  expect(run.code).toBe(3);
  expect(run.stderr).toMatch(
    /^ERROR: the builder's pod cannot start: there is no Secret nowhere in its namespace\n  - /m,
  );
});
