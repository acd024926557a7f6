/**
 * Runs the commands of the pages: the blocks that are marked `runnable`, in order, page by page, each page in a
 * directory and a namespace of its own.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fences, pagePaths, readPage } from "../../docs/generate/markdown.ts";
import { REGISTRY } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";
import { installProgram } from "./support/slipway.ts";

const ROOT = join(import.meta.dirname, "../..");
const DOCS = join(ROOT, "docs");

/** Pages that need more rights than the Role for building. */
const AS_ADMINISTRATOR = new Set(["tutorial/first-image.md"]);

/** The page where REGISTRY is the test cluster's own, base images and all. */
const ON_TEST_CLUSTER = "tutorial/test-cluster.md";

/** Pages in the quick sample; all are run by `make e2e`. */
const SAMPLE = new Set(["tutorial/first-image.md"]);

/** The longest page makes three builds. Their time depends on the load of the machine. */
const PAGE_TIMEOUT_MS = 600_000;

const pages = pagePaths(DOCS)
  .filter((path) => !path.startsWith("reference/"))
  .map((path) => ({ path, blocks: fences(readPage(DOCS, path)).filter(({ runnable }) => runnable) }))
  .filter(({ blocks }) => blocks.length > 0);

let bin = "";

beforeAll(async () => {
  bin = await mkdtemp(join(tmpdir(), "slipway-docs-bin-"));
  await installProgram(bin);
});
afterAll(() => rm(bin, { recursive: true, force: true }));

describe.concurrent.each(pages)("$path", ({ path, blocks }) => {
  const namespace = useNamespace({ rbac: ["--manage", "--transport", "cache", "--cache-volume"] });

  it("has commands that work", { tags: SAMPLE.has(path) ? [] : ["long"], timeout: PAGE_TIMEOUT_MS }, async () => {
    const home = await mkdtemp(join(tmpdir(), "slipway-docs-"));
    try {
      const kubeconfig = AS_ADMINISTRATOR.has(path) ? await administrator(namespace.name, home) : namespace.kubeconfig;
      const { code, output } = await run(
        scriptOf(path, blocks),
        home,
        kubeconfig,
        path === ON_TEST_CLUSTER ? REGISTRY : `${REGISTRY}/docs/${namespace.name}`,
      );
      if (code !== 0) throw new Error(`the commands of docs/${path} ended with ${code}:\n${output}`);
      expect(output).toContain("--- docs/");
    } finally {
      await kubectl(["delete", "pvc", "--all", "-n", namespace.name, "--wait=false"]);
      await rm(home, { recursive: true, force: true });
    }
  });
});

/** Each block begins with a line that says which it is, so that a failure can be found in the page. */
function scriptOf(path: string, blocks: readonly { readonly code: string; readonly line: number }[]): string {
  const parts = blocks.map(({ code, line }) => `echo "--- docs/${path}:${line}" >&2\n${code}\n`);
  // The cluster has no way to the internet: base images come from its own registry.
  return parts.join("").replaceAll(/(FROM )(busybox:)/g, `$1${REGISTRY}/$2`);
}

function run(
  script: string,
  home: string,
  kubeconfig: string,
  registry: string,
): Promise<{ code: number | null; output: string }> {
  const env = {
    ...process.env,
    HOME: home,
    PATH: `${bin}:${process.env["PATH"]}`,
    KUBECONFIG: kubeconfig,
    REGISTRY: registry,
    SLIPWAY_INSECURE_REGISTRY: REGISTRY,
    NO_COLOR: "1",
  };
  const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
    cwd: home,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** The cluster's own account, in the namespace. */
async function administrator(namespace: string, home: string): Promise<string> {
  const config = JSON.parse(await kubectl(["config", "view", "--minify", "--raw", "-o", "json"])) as {
    contexts: { context: { namespace?: string } }[];
  };
  for (const { context } of config.contexts) context.namespace = namespace;
  const path = join(home, "kubeconfig.json");
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}
