/** Builds in a kept builder, as an account that may do what `slipway rbac --keep` prints. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { linkSync, symlinkSync, writeFileSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { BUSYBOX, environment, uniqueImage } from "./support/build.ts";
import { builderIn, useKeepClient } from "./support/keep-client.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { printing } from "./support/step-lines.ts";

const { namespace, home, run, mustBuild: mustKeep } = useKeepClient();

async function kept(): Promise<string[]> {
  return (await run(["keep", "-q"])).stdout.trim().split("\n").filter(Boolean);
}

test("the second build uses the builder of the first, sends what changed, and gives the image that is asked for", async () => {
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nRUN echo made > /made\nCOPY . /app/\n`,
    ".dockerignore": "*.log\n!keep.log\n",
    "a.txt": "one",
    "drop.log": "no",
    "keep.log": "yes",
    "bin/run": { content: "#!/bin/sh\n", mode: 0o755 },
    "big.bin": Buffer.alloc(2_000_000, 7),
  });
  symlinkSync("../a.txt", join(root, "bin/link"));
  linkSync(join(root, "a.txt"), join(root, "second.txt"));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]), "latin");
  const image = uniqueImage();
  const first = await mustKeep(["-t", image, root]);
  await writeFile(join(root, "a.txt"), "two");
  const second = await mustKeep(["-t", image, root]);
  expect(builderIn(second)).toBe(builderIn(first));
  expect(second.stderr).toMatch(/^#\d+ CACHED$/m);
  const sent = /transferring context: ([\d.]+)(k?)B.* done/.exec(second.stderr);
  expect(Number(sent?.[1]) * (sent?.[2] === "k" ? 1000 : 1)).toBeLessThan(10_000);
  const { files, digest } = await readImage(image);
  expect(second.stderr).toContain(`=> built digest ${digest}`);
  expect([...files.keys()].filter((path) => path.startsWith("app/")).length).toBeGreaterThan(7);
  expect(files.get("app/a.txt")?.text).toBe("two");
  expect(files.get("app/second.txt")).toBeDefined();
  expect(files.get("app/bin/run")?.mode).toBe(0o755);
  expect(files.get("app/bin/link")?.link).toBe("../a.txt");
  expect(files.has("app/drop.log")).toBe(false);
  expect(files.get("app/keep.log")?.text).toBe("yes");
  expect(await kept()).toEqual([builderIn(first)]);
  expect((await objectsIn(namespace.name)).filter((name) => /secret|configmap/.test(name))).not.toContainEqual(
    expect.stringMatching(/^secret/),
  );
});

test("secrets, an agent's keys and a registry's password are asked for live, and are nowhere in the cluster", async () => {
  const password = environment("REGISTRY_AUTH_PASSWORD");
  const directory = await mkdtemp(join(tmpdir(), "slipway-keep-ssh-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "kept", "-f", join(directory, "key")]);
  execFileSync("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-C", "kept", "-f", join(directory, "rsa")]);
  const agent = spawn("ssh-agent", ["-D", "-a", join(directory, "agent")], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void agent.kill());
  await once(agent.stdout, "data");
  const socket = join(directory, "agent");
  execFileSync("ssh-add", ["-q", join(directory, "key")], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  const auth = Buffer.from(`${environment("REGISTRY_AUTH_USER")}:${password}`).toString("base64");
  const config = { auths: { [environment("REGISTRY_AUTH")]: { auth } } };
  await writeFile(join(directory, "config.json"), JSON.stringify(config));
  await chmod(join(directory, "config.json"), 0o600);
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}
RUN --mount=type=secret,id=s sha256sum < /run/secrets/s > /sum
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && echo agent > /agent
RUN --mount=type=ssh,id=file test -S "$SSH_AUTH_SOCK"
`,
  });
  const image = uniqueImage(environment("REGISTRY_AUTH"));
  const args = ["--secret", "id=s,env=LIVE", "--ssh", "default", "--ssh", `file=${join(directory, "rsa")}`];
  const env = { DOCKER_CONFIG: directory, SSH_AUTH_SOCK: socket, LIVE: "a secret that is live" };
  const ended = await mustKeep([...args, "-t", image, root], { env });
  const login = `${environment("REGISTRY_AUTH_USER")}:${password}`;
  const { files, digest } = await readImage(image, { login });
  expect(ended.stderr).toContain(digest);
  expect(files.get("sum")?.text).toMatch(/^[0-9a-f]{64}/);
  expect(files.get("agent")?.text).toBe("agent\n");
  const objects = await kubectl(["get", "all,secrets,configmaps", "-n", namespace.name, "-o", "yaml"]);
  for (const hidden of [
    password,
    auth,
    "a secret that is live",
    Buffer.from("a secret that is live").toString("base64"),
  ]) {
    expect(objects).not.toContain(hidden);
  }
});

test("a file whose first hard link the build does not use is sent", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY b /b/\n`, "a/x": "linked", "b/y": "plain" });
  linkSync(join(root, "a/x"), join(root, "b/x"));
  linkSync(join(root, "a/x"), join(root, "b/z"));
  const image = uniqueImage();
  await mustKeep(["-t", image, root]);
  const { files } = await readImage(image);
  expect([files.get("b/x")?.text, files.get("b/y")?.text]).toEqual(["linked", "plain"]);
  expect(files.get("b/z")?.link).toBe("b/x");
});

test("the daemon does not wait for the disk: what it has goes with its pod", async () => {
  const name = builderIn(await mustKeep([await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo a > /a\n` })]));
  const command = ["sh", "-c", "cat /proc/$(pidof buildkitd)/mountinfo"];
  const mounts = await kubectl(["exec", "-n", namespace.name, `job/${name}`, "-c", "buildkit", "--", ...command]);
  expect(mounts).toMatch(/ \/\S+\/runc-overlayfs rw,\S+ - overlay \S+ \S*volatile/);
  expect(mounts).toMatch(/ \/\S+\/runc-overlayfs\/snapshots rw/);
});

test("results come to this machine", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY f /f\n`, f: "content" });
  const tar = join(root, "../", `${Date.now()}.tar`);
  onTestFinished(() => rm(tar, { force: true }));
  await mustKeep(["-t", "app:1", "-o", `type=docker,dest=${tar}`, root]);
  expect(execFileSync("tar", ["-tf", tar], { encoding: "utf8" })).toContain("manifest.json");
  const out = `${tar}.d`;
  onTestFinished(() => rm(out, { recursive: true, force: true }));
  await mustKeep(["-o", out, root]);
  expect(await readFile(join(out, "f"), "utf8")).toBe("content");
});

test(
  "a failing step ends the build as it does without a kept builder, and the builder stays",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo before && exit 7\n` });
    const ended = await run(["build", "--keep", "10m", "--progress", "plain", root]);
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/^ERROR: .*exit 7.* 7/m)]);
    expect(ended.stderr).toMatch(printing("before"));
    expect(await kept()).toContain(builderIn(ended));
  },
);

test("a Job that somebody else made to look like this user's is given nothing", { tags: ["long"] }, async () => {
  onTestFinished(async () => {
    await kubectl(["delete", "job", "slipway-keep-forged", "-n", namespace.name, "--wait=false", "--ignore-not-found"]);
  });
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY . /\n`, f: "x" });
  await run(["keep", "stop", "--all"]);
  const name = builderIn(await mustKeep([root]));
  const real = JSON.parse(await kubectl(["get", "job", name, "-n", namespace.name, "-o", "json"])) as {
    metadata: { labels: Record<string, string>; annotations: Record<string, string> };
    spec: { template: { metadata: { labels: Record<string, string> }; spec: { containers: { command: string[] }[] } } };
  };
  const { metadata, spec } = real;
  const isOwn = ([label]: [string, string]): boolean => !/controller-uid|job-name/.test(label);
  const labels = Object.fromEntries(Object.entries(spec.template.metadata.labels).filter(isOwn));
  // All that can be seen of the real one is copied, its proof too; what runs is the forger's.
  const forged = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "slipway-keep-forged", labels: metadata.labels, annotations: metadata.annotations },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          containers: [{ name: "buildkit", image: BUSYBOX, command: ["sleep", "600"] }],
        },
      },
    },
  };
  await kubectl(["apply", "-n", namespace.name, "-f", "-"], JSON.stringify(forged));
  await kubectl([
    "wait",
    "-n",
    namespace.name,
    "--for=jsonpath={.status.ready}=1",
    "job/slipway-keep-forged",
    "--timeout=60s",
  ]);
  expect(await kept()).toEqual([name]);
  expect(builderIn(await mustKeep([root]))).toBe(name);
  // Where there is only the forged one, another is started.
  expect((await run(["keep", "stop", "--all"])).stdout).toBe(`${name}\n`);
  const other = builderIn(await mustKeep([root]));
  expect(other).not.toBe("slipway-keep-forged");
  expect(other).not.toBe(name);
});

test(
  "a builder whose pod is deleted during a build is reported in one sentence, and the next build has a new one",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo sleeping && sleep 30\n` });
    let deleted: Promise<string> | undefined;
    const ended = await run(["build", "--keep", "10m", "--progress", "plain", root], {
      onStderr: (text) => {
        if (!/ sleeping$/m.test(text)) return;
        deleted ??= kubectl(["delete", "pods", "--all", "--grace-period=0", "--wait=false", "-n", namespace.name]);
      },
    });
    await deleted;
    expect([ended.code, ended.stderr]).toEqual([
      3,
      expect.stringMatching(/^ERROR: the build was ended: .*kept builder/m),
    ]);
    const next = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
    expect(builderIn(await mustKeep([next]))).not.toBe(builderIn(ended));
  },
);

/** How many processes of the kept builder have this command line. @returns a function that counts them */
async function countOf(command: string, builder?: string): Promise<() => Promise<number>> {
  const job = builder ?? (await kept())[0];
  if (job === undefined) throw new Error("`slipway keep -q` lists no builder");
  const [pod = ""] = (
    await kubectl(["get", "pods", "-n", namespace.name, "-l", `job-name=${job}`, "-o", "name"])
  ).split("\n");
  return async () => {
    const list = await kubectl(["exec", "-n", namespace.name, pod, "-c", "buildkit", "--", "ps", "-o", "args"]);
    return list.split("\n").filter((line) => line === command).length;
  };
}

test(
  "a client that is killed leaves no lock, and what its RUN had started is gone, for every user of it",
  { tags: ["long"] },
  async () => {
    await run(["keep", "stop", "--all"]);
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX}
RUN echo 'other:x:1234:1234::/:/bin/sh' >> /etc/passwd
RUN (sleep 4321 & setsid sleep 4321 >/dev/null 2>&1 & su other -c 'sleep 4321 & sleep 4321') & sleep 2; echo sleeping; wait
`,
    });
    let before: Promise<number> | undefined;
    await run(["build", "--keep", "10m", "--progress", "plain", root], {
      onStderr: (text, child) => {
        if (!/ sleeping$/m.test(text)) return;
        before ??= countOf("sleep 4321")
          .then((count) => count())
          .finally(() => child.kill("SIGKILL"));
      },
    });
    expect(await before).toBe(4);
    const other = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY f /\n`, f: "1" });
    await mustKeep([other]);
    await expect.poll(await countOf("sleep 4321"), { timeout: 75_000, interval: 1000 }).toBe(0);
  },
);

test("a RUN keeps what it has started until it ends, and then the builder ends that", { tags: ["long"] }, async () => {
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}
RUN setsid sleep 8765 >/dev/null 2>&1 & (setsid sleep 8765 >/dev/null 2>&1 &) ; sleep 25; ps -o args | grep -cx 'sleep 8765' > /count
`,
  });
  const image = uniqueImage();
  const builder = builderIn(await mustKeep(["-t", image, root]));
  expect((await readImage(image)).files.get("count")?.text).toBe("2\n");
  await expect.poll(await countOf("sleep 8765", builder), { timeout: 75_000, interval: 1000 }).toBe(0);
});

test("what does not go together is refused in one sentence", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
  for (const [args, sentence] of [
    [["--builder", "img"], /^ERROR: img cannot stay for the next build \(--keep\): it has no daemon/m],
    [["--detach"], /^ERROR: --detach cannot go with --keep: a build in a kept builder ends with its client/m],
    [["--transport", "stream"], /^ERROR: --transport stream cannot go with --keep/m],
  ] as const) {
    const ended = await run(["build", "--keep", "10m", ...args, root]);
    expect([ended.code, ended.stderr]).toEqual([125, expect.stringMatching(sentence)]);
  }
  const short = await run(["build", "--keep", "5s", root]);
  expect([short.code, short.stderr]).toEqual([125, expect.stringMatching(/^ERROR: --keep 5s is too short/m)]);
});

test(
  "the targets of a bake file and the build of a Drone step share the builder that the variable asks for",
  { tags: ["long"] },
  async () => {
    await run(["keep", "stop", "--all"]);
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX}\nARG NAME\nRUN echo $NAME > /name\n`,
      "docker-bake.json": JSON.stringify({
        group: { default: { targets: ["one", "two", "three"] } },
        target: {
          ...Object.fromEntries(["one", "two"].map((name) => [name, { args: { NAME: name }, tags: [uniqueImage()] }])),
          three: { contexts: { base: "target:one" }, "dockerfile-inline": "FROM base\n", tags: [uniqueImage()] },
        },
      }),
    });
    const env = { SLIPWAY_KEEP: "10m" };
    const baked = await run(["bake", "--progress", "plain"], { cwd: root, env });
    expect([baked.code, baked.output]).toEqual([0, expect.stringContaining("built digest")]);
    const [builder, ...others] = await kept();
    expect(others).toEqual([]);
    const [, repo = "", tag = ""] = /^(.*):([^:]+)$/.exec(uniqueImage()) ?? [];
    const step = await run(["plugin", "--progress", "plain"], {
      cwd: root,
      env: { ...env, PLUGIN_REPO: repo, PLUGIN_TAGS: tag },
    });
    expect([step.code, builderIn(step)]).toEqual([0, builder]);
    const { stdout } = await run(["keep", "-q"]);
    expect(stdout).toBe(`${builder}\n`);
  },
);

test("--dry-run prints the builder's objects and makes none", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
  const before = await objectsIn(namespace.name);
  const { stdout, code } = await run(["build", "--keep", "10m", "--dry-run", root]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^kind: Job$/m);
  expect(stdout).toContain("slipway.dev/keep");
  expect(await objectsIn(namespace.name)).toEqual(before);
});

test("nothing is left when it is stopped, and its key is this user's own", { tags: ["long"] }, async () => {
  const [name = "", ...others] = await kept();
  expect(await run(["keep", "stop", "--all", name])).toMatchObject({
    code: 125,
    stderr: expect.stringContaining("not both"),
  });
  expect(await run(["keep", "stop", name])).toMatchObject({ code: 0, stdout: `${name}\n` });
  if (others.length > 0) await run(["keep", "stop", "--all"]);
  const ours = async (): Promise<string[]> =>
    (await objectsIn(namespace.name)).filter((name) => name.includes("slipway-keep"));
  await expect.poll(ours, { timeout: 60_000, interval: 1000 }).toEqual([]);
  expect((await stat(join(home(), "slipway/keep-key.pem"))).mode & 0o777).toBe(0o600);
});
