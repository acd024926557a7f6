/** How a kept builder ends: by itself, by a fault in mid-build, and that clients who die leave nothing behind. */
import type { ChildProcess } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BUSYBOX, uniqueImage } from "./support/build.ts";
import { builderIn, useKeepClient } from "./support/keep-client.ts";
import { kubectl } from "./support/kubectl.ts";
import { madeFromNow, objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

const { namespace, run, build } = useKeepClient();
const restricted = useNamespace({ podSecurity: "restricted", rbac: ["--keep"] });
const full = useNamespace({ rbac: ["--keep"] });

async function podOf(builder: string): Promise<string> {
  const labels = `batch.kubernetes.io/job-name=${builder}`;
  const name = await kubectl(["get", "pods", "-n", namespace.name, "-l", labels, "-o", "name"]);
  return name.trim().replace(/^pod\//, "");
}

test(
  "a builder that nobody uses ends by itself, and leaves nothing",
  { tags: ["long"], timeout: 480_000 },
  async () => {
    const made = await madeFromNow(namespace.name);
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo 1 > /f\n` });
    const ended = await run(["build", "--keep", "60s", "--progress", "plain", root]);
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining("=> built")]);
    expect(await made()).not.toEqual([]);
    // Its time, the Job's TTL of a minute, and what the cluster takes for both.
    await expect.poll(made, { timeout: 360_000, interval: 5000 }).toEqual([]);
  },
);

describe("a builder that is lost during a build", () => {
  const LOSSES: Readonly<Record<string, (pod: string) => Promise<unknown>>> = {
    "because its daemon is killed": (pod) =>
      kubectl(["exec", "-n", namespace.name, pod, "-c", "buildkit", "--", "sh", "-c", "kill -9 $(pidof buildkitd)"]),
    "because its pod is evicted": (pod) => {
      const metadata = { name: pod, namespace: namespace.name };
      const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata };
      const path = `/api/v1/namespaces/${namespace.name}/pods/${pod}/eviction`;
      return kubectl(["create", "--raw", path, "-f", "-"], JSON.stringify(eviction));
    },
    "because it is stopped": () => run(["keep", "stop", "--all"]),
  };

  test.each(Object.entries(LOSSES))(
    "%s fails that build in one sentence, and the next one has a new builder",
    { tags: ["long"] },
    async (_, lose) => {
      const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo sleeping && sleep 100\n` });
      let lost: Promise<unknown> | undefined;
      const ended = await build([root], {
        onStderr: (text) => {
          if (!/ sleeping$/m.test(text)) return;
          const [, name = ""] = /^=> create: (?:found )?(slipway-keep-[0-9a-f]+)/m.exec(text) ?? [];
          lost ??= podOf(name).then(lose);
        },
      });
      await lost;
      const sentences = ended.stderr.split("\n").filter((line) => line.startsWith("ERROR:"));
      expect([ended.code, sentences]).toEqual([
        3,
        [expect.stringMatching(/^ERROR: the build was ended: .*kept builder/)],
      ]);
      const next = await build([await project({ Dockerfile: `FROM ${BUSYBOX}\n` })]);
      expect([next.code, builderIn(next) === builderIn(ended)]).toEqual([0, false]);
    },
  );
});

test("a builder that does not answer any more is named, and another is used", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo stopped\n` });
  const first = await build([root]);
  const stop = "kill -STOP $(pidof buildkitd)";
  await kubectl([
    "exec",
    "-n",
    namespace.name,
    await podOf(builderIn(first)),
    "-c",
    "buildkit",
    "--",
    "sh",
    "-c",
    stop,
  ]);
  const next = await build([root]);
  const said = next.stderr.split("\n").filter((line) => line.includes("another builder is used"));
  expect([next.code, said]).toEqual([0, [expect.stringMatching(/the kept builder in the pod ".*" does not answer/)]]);
  expect(builderIn(next)).not.toBe(builderIn(first));
  const left = async (): Promise<string> => (await run(["keep", "-q"])).stdout;
  expect(await left()).not.toContain(builderIn(first));
});

test(
  "clients that are killed at any moment leave no lock and no build, and the next build is right",
  { tags: ["long"] },
  async () => {
    const steps = Array.from({ length: 6 }, (_, at) => `RUN head -c 200000 /dev/urandom > /r${at}; sleep 0.2\n`).join(
      "",
    );
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX}\nCOPY . /app/\n${steps}`,
      f: "0",
      big: Buffer.alloc(3_000_000, 1),
    });
    const first = await build([root]);
    expect(first.code).toBe(0);
    const started: ChildProcess[] = [];
    // Each of them is killed at another moment of its build.
    const killed = Array.from({ length: 10 }, async (_, at) => {
      await writeFile(join(root, "f"), String(at));
      const ended = await build(["--no-cache", root], {
        onStderr: (_text, child) => {
          if (started.includes(child)) return;
          started.push(child);
          setTimeout(() => child.kill("SIGKILL"), at * 700);
        },
      });
      return ended.signal ?? ended.code;
    });
    const outcomes = await Promise.all(killed);
    expect(outcomes.filter((outcome) => outcome !== "SIGKILL" && outcome !== 0)).toEqual([]);
    expect(outcomes).toContain("SIGKILL");
    await writeFile(join(root, "f"), "last");
    const image = uniqueImage();
    const next = await build(["-t", image, root]);
    expect([next.code, builderIn(next)]).toEqual([0, builderIn(first)]);
    expect((await readImage(image)).files.get("app/f")?.text).toBe("last");
    const underWay = async (): Promise<string> => (await run(["keep", "--format", "{{.Builds}}"])).stdout.trim();
    await expect.poll(underWay, { timeout: 60_000, interval: 2000 }).toBe("0");
  },
);

test("a builder whose pod the namespace refuses ends the build in one sentence, and is removed", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
  const ended = await build([root, "-n", restricted.name], { env: { KUBECONFIG: restricted.kubeconfig } });
  const sentences = ended.stderr.split("\n").filter((line) => line.startsWith("ERROR:"));
  expect([ended.code, sentences]).toEqual([
    3,
    [expect.stringMatching(/^ERROR: the cluster refuses .*pod: .*restricted/)],
  ]);
  await expect.poll(() => objectsIn(restricted.name)).toEqual([]);
});

test(
  "what a builder without a pod waits for is told, and it starts when there is room",
  { tags: ["long"] },
  async () => {
    const quota = ["quota", "full", "--hard=pods=0", "-n", full.name];
    await kubectl(["create", ...quota]);
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
    let removed: Promise<string> | undefined;
    const ended = await build([root, "-n", full.name], {
      env: { KUBECONFIG: full.kubeconfig },
      onStderr: (text) => {
        if (/^=> waiting for a pod: .*quota/m.test(text))
          removed ??= kubectl(["delete", "quota", "full", "-n", full.name]);
      },
    });
    await removed;
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringMatching(/^=> waiting for a pod: .*quota/m)]);
    await run(["keep", "stop", "--all", "-n", full.name], { env: { KUBECONFIG: full.kubeconfig } });
  },
);
