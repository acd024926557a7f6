/** `make demo` on a cluster that is there already: no root, nothing compiled. */
import { spawn } from "node:child_process";
import { chown, copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { REGISTRY, environment } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** Debian's user "nobody": it owns nothing of the test cluster. */
const NOBODY = 65534;

const namespace = useNamespace();

/** Runs it as an unprivileged user with a home directory of its own. Only root can do that; another user is unprivileged already. */
async function demo(variables: Readonly<Record<string, string>>): Promise<{ code: number | null; output: string }> {
  const home = await mkdtemp(join(tmpdir(), "slipway-demo-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const kubeconfig = join(home, "kubeconfig");
  await copyFile(environment("KUBECONFIG"), kubeconfig);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const path of [home, kubeconfig]) await chown(path, NOBODY, NOBODY);
  // With this directory, a test cluster is one that does not run and that this user cannot start.
  const env = { HOME: home, KUBECONFIG: kubeconfig, SLIPWAY_TEST_STATE: join(home, "none"), ...variables };
  const child = spawn("bash", ["test/demo/run"], {
    cwd: ROOT,
    env: { PATH: environment("PATH"), ...env },
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  return { code, output };
}

test("with KUBECONFIG but no registry, the demo says what it needs and starts nothing", async () => {
  const { code, output } = await demo({});
  expect(output).toMatch(/^error: KUBECONFIG is set, so the demo uses that cluster, but SLIPWAY_TEST_REGISTRY/);
  expect(output).toMatch(/make demo KUBECONFIG=\S+\/kubeconfig SLIPWAY_TEST_REGISTRY=registry\.example\.com\/me/);
  expect(output).not.toContain("compiling");
  expect(code).toBe(2);
});

test("an unprivileged user's demo runs on the cluster of KUBECONFIG", { tags: ["long"] }, async () => {
  const { code, output } = await demo({
    SLIPWAY_TEST_REGISTRY: `${REGISTRY}/somebody`,
    SLIPWAY_DEMO_IMAGES: REGISTRY,
    SLIPWAY_DEMO_NAMESPACE: namespace.name,
    SLIPWAY_KANIKO_IMAGE: environment("SLIPWAY_KANIKO_IMAGE"),
    SLIPWAY_HELPER_IMAGE: environment("SLIPWAY_HELPER_IMAGE"),
  });
  expect(output).toContain(`=> pushed ${REGISTRY}/somebody/demo/site:latest`);
  expect(output).toMatch(/<h1>/);
  expect(output).toContain("as 65534");
  expect(output).not.toContain("compiling");
  expect(code).toBe(0);
});
