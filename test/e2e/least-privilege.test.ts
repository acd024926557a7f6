/** Every test builds as an account with exactly what `slipway rbac` prints; here with the smallest of its forms, and what it may not. */
import { expect, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { leastKubeconfig } from "./support/least.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";

const namespace = useNamespace();

const may = (verb: string, resource: string): Promise<string> =>
  kubectl(["auth", "can-i", verb, resource, "-n", namespace.name, "--kubeconfig", namespace.kubeconfig]).catch(
    (error: unknown) => String(error),
  );

test("without exec and without secrets a small context is built, and a streamed one is refused in a sentence", async () => {
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

test("a --registry-secret that is not there is one sentence, soon", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
  const started = performance.now();
  const run = await build(namespace, ["--registry-secret", "nowhere", "-t", uniqueImage(), root]);
  expect(run.code).toBe(3);
  expect(run.stderr).toMatch(
    /^ERROR: the builder's pod cannot start: there is no Secret nowhere in its namespace\n  - /m,
  );
  expect(performance.now() - started).toBeLessThan(30_000);
});
