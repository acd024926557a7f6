/** Builds that end badly: the right exit code, one sentence, a remedy, and nothing left behind. */
import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { madeFromNow, objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { slipway } from "./support/slipway.ts";
import { printing } from "./support/step-lines.ts";

const namespace = useNamespace();
const restricted = useNamespace({ podSecurity: "restricted" });
const doomed = useNamespace();
const OK = `FROM ${BUSYBOX}\nRUN true\n`;

test("a failing RUN: exit code 1, the command and its last output", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo before\nRUN echo the last words && exit 42\n` });
  const run = await build(namespace, ["--iidfile", `${root}/id`, "-t", uniqueImage(), root]);
  expect(run.code).toBe(1);
  expect(run.stdout).toBe("");
  expect(run.stderr).toContain("the last words\n");
  expect(run.stderr).toMatch(
    /^ERROR: Dockerfile line \d+: `RUN echo the last words && exit 42` ended with exit code 42$/m,
  );
});

test("a failing RUN in quiet mode shows the last output too", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo the last $((40 + 2)) words && exit 1\n` });
  const run = await build(namespace, ["-q", root]);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("the last 42 words\n");
});

test("only the finished Job with its pod is left, and nothing after its TTL", { tags: ["long"] }, async () => {
  const own = namespace.name;
  const made = await madeFromNow(own);
  const root = await project({ Dockerfile: OK });
  await mustBuild(namespace, ["--ttl", "4s", "-t", uniqueImage(), root]);
  await build(namespace, ["--ttl", "4s", await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN false\n` })]);
  expect((await made()).filter((name) => !/^(?:pod|job\.batch)\/slipway-/.test(name))).toEqual([]);
  await expect.poll(made).toEqual([]);
});

test("Ctrl-C stops the build and removes what it made", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo sleeping && sleep 300\n` });
  const made = await madeFromNow(namespace.name);
  let sent = false;
  const run = await build(namespace, ["-t", uniqueImage(), root], {
    onStderr: (text, child) => {
      if (sent || !printing("sleeping").test(text)) return;
      sent = true;
      child.kill("SIGINT");
    },
  });
  expect(run.code).toBe(130);
  expect(run.stderr).toMatch(/^ERROR: stopped by Ctrl-C$/m);
  await expect.poll(made).toEqual([]);
});

test("a second Ctrl-C leaves at once", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo sleeping && sleep 300\n` });
  let sent = false;
  const run = await build(namespace, ["--timeout", "20s", "--ttl", "1s", root], {
    onStderr: (text, child) => {
      if (sent || !printing("sleeping").test(text)) return;
      sent = true;
      child.kill("SIGINT");
      child.kill("SIGTERM");
    },
  });
  expect(run.code).toBe(130);
});

test("a time limit: exit code 124, and the pod is stopped", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN sleep 300\n` });
  const run = await build(namespace, ["--timeout", "5s", root]);
  expect(run.code).toBe(124);
  expect(run.stderr).toMatch(
    /^ERROR: the build was stopped after 5 seconds, its time limit\n  - Give it longer with --timeout/m,
  );
});

test("a namespace whose Pod Security level refuses the builder", async () => {
  const root = await project({ Dockerfile: OK });
  const run = await build(restricted, [root]);
  expect(run.code).toBe(3);
  expect(run.stderr).toMatch(
    /^ERROR: the cluster refuses the builder's pod: the namespace's Pod Security level "restricted" forbids securityContext\.capabilities\.add \(CHOWN, .*\n {2}- Build with --security restricted/m,
  );
  expect(await objectsIn(restricted.name)).toEqual([]);
});

test("a builder image that cannot be pulled", async () => {
  const root = await project({ Dockerfile: OK });
  const run = await build(namespace, ["--builder-image", `${BUSYBOX}-nowhere`, root]);
  expect(run.code).toBe(3);
  expect(run.stderr).toMatch(/^ERROR: the node cannot pull the image .*busybox:1.35-nowhere: .*not found\n/m);
});

test("a used-up quota is reported while the build waits", { tags: ["long"] }, async () => {
  const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "full" }, spec: { hard: { pods: "0" } } };
  await kubectl(["apply", "-n", namespace.name, "-f", "-"], JSON.stringify(quota));
  try {
    const root = await project({ Dockerfile: OK });
    const run = await build(namespace, ["--timeout", "6s", root]);
    expect(run.stderr).toMatch(/^=> waiting for a pod: the quota "full" is used up \(requested: pods=1/m);
    expect(run.stderr).toMatch(/^ERROR: .*its time limit, and never got a pod: the quota "full"/m);
    expect(run.code).toBe(124);
  } finally {
    await kubectl(["delete", "resourcequota", "full", "-n", namespace.name]);
  }
});

test("the error for a user without rights names the verb and the resource", async () => {
  await kubectl(["create", "serviceaccount", "nobody", "-n", namespace.name]);
  const token = (await kubectl(["create", "token", "nobody", "-n", namespace.name])).trim();
  const config = JSON.parse(await kubectl(["config", "view", "--raw", "--minify", "--flatten", "-o", "json"])) as {
    users: { user: object }[];
  };
  for (const user of config.users) user.user = { token };
  const root = await project({ Dockerfile: OK });
  await writeFile(`${root}/kubeconfig`, JSON.stringify(config));
  const run = await build(namespace, ["--kubeconfig", `${root}/kubeconfig`, root]);
  expect(run.code).toBe(4);
  expect(run.stderr).toMatch(/^ERROR: .*create.*jobs.*\n {2}\S/m);
});

test("a namespace that does not exist", async () => {
  const root = await project({ Dockerfile: OK });
  const run = await slipway(["build", "-n", "no-such-namespace", root]);
  expect(run.code).toBe(3);
  expect(run.stderr).toMatch(/^ERROR: .*namespace .?no-such-namespace/m);
});

test("a pod that is deleted during a build", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo sleeping && sleep 300\n` });
  let sent = false;
  const run = await build(namespace, ["-t", uniqueImage(), root], {
    onStderr: (text) => {
      const job = /^=> create: (\S+)$/m.exec(text)?.[1];
      if (sent || job === undefined || !printing("sleeping").test(text)) return;
      sent = true;
      void kubectl([
        "delete",
        "pod",
        "-n",
        namespace.name,
        "--wait=false",
        "-l",
        `batch.kubernetes.io/job-name=${job}`,
      ]);
    },
  });
  expect(run.code).toBe(3);
  expect(run.stderr).toMatch(/^ERROR: the build's pod was deleted before it had ended\n {2}- \S/m);
});

test("no node for the build: reported while waiting, and at the end", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: OK });
  const run = await build(namespace, ["--memory", "4000g", "--timeout", "6s", root]);
  expect(run.code).toBe(124);
  // Other tests have nodes of their own, which take no pods.
  const why = String.raw`0/\d+ nodes are available: \d+ Insufficient memory(?:, \d+ node\(s\) had untolerated taint\(s\))?`;
  expect(run.stderr).toMatch(new RegExp(`^=> waiting for a node: ${why}$`, "m"));
  expect(run.stderr).toMatch(
    new RegExp(`^ERROR: .*its time limit, and never got a node: ${why}\n {2}- Request less`, "m"),
  );
});

test("a pod outside the namespace's limits is refused at once", async () => {
  const limits = [{ type: "Container", max: { memory: "1Gi" } }];
  const range = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "small" }, spec: { limits } };
  await kubectl(["apply", "-n", namespace.name, "-f", "-"], JSON.stringify(range));
  try {
    const run = await build(namespace, ["--memory", "2g", await project({ Dockerfile: OK })]);
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(
      /^ERROR: the cluster refuses the builder's pod: .*maximum memory usage per Container is 1Gi/m,
    );
  } finally {
    await kubectl(["delete", "limitrange", "small", "-n", namespace.name]);
  }
});

test(
  "more memory than the limit: the error names the limit, and the flag that raises it",
  { tags: ["long"] },
  async () => {
    const dockerfile = `FROM ${BUSYBOX}\nRUN tail -c 400m /dev/zero >/dev/null\n`;
    const run = await build(namespace, ["--memory", "64m", await project({ Dockerfile: dockerfile })]);
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(
      /^ERROR: the builder was killed because it used more than its memory limit of (?:64Mi|67108864) \(OOMKilled\)\n {2}- Give it more memory, for example --memory/m,
    );
  },
);

test("a namespace that is deleted during a build", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo sleeping && sleep 300\n` });
  let deleted: Promise<string> | undefined;
  const run = await build(doomed, [root], {
    onStderr: (text) => {
      if (printing("sleeping").test(text)) deleted ??= kubectl(["delete", "namespace", doomed.name, "--wait=false"]);
    },
  });
  await deleted;
  expect(run.code).toBe(3);
  expect(run.stderr).toMatch(/^ERROR: the build was ended: its namespace "\S+" is (?:probably )?being deleted/m);
});
