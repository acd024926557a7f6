/** Nothing secret leaks: builds with marked credentials and secrets, and the search for the marks wherever these could have got to. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveGit } from "../conformance/builders/git-server.ts";
import type { GitServer } from "../conformance/builders/git-server.ts";
import { BUSYBOX, build, environment } from "./support/build.ts";
import { logSizes, logsSince } from "./support/cluster-logs.ts";
import { entries, revision, statesBetween } from "./support/etcd.ts";
import { builderLogs } from "./support/kubectl.ts";
import { Marks, newMark } from "./support/marks.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { ADDRESS, passwordAuth, startRegistry } from "./support/own-registry.ts";
import type { OwnRegistry } from "./support/own-registry.ts";
import { project } from "./support/project.ts";

const namespace = useNamespace();
const VALUES = { password: newMark(), file: newMark(), variable: newMark(), token: newMark() };
const marks = new Marks(VALUES);

let registry: OwnRegistry;
let repository: GitServer;
let home: string;
let temporary: string;
let env: Record<string, string>;

beforeAll(async () => {
  registry = await startRegistry(passwordAuth("marked", VALUES.password));
  repository = await serveGit(ADDRESS, {
    token: VALUES.token,
    fill: async (work, git) => {
      await writeFile(join(work, "Dockerfile"), `FROM ${BUSYBOX}\nRUN env\n`);
      await git("add", ".");
      await git("commit", "-q", "-m", "all");
    },
  });
  home = await mkdtemp(join(tmpdir(), "slipway-leaks-"));
  temporary = join(home, "tmp");
  await Promise.all(["bin", "docker", "tmp"].map((name) => mkdir(join(home, name))));
  await writeFile(join(home, "docker/config.json"), JSON.stringify({ credHelpers: { [registry.host]: "marked" } }));
  await writeFile(join(home, "file"), VALUES.file);
  // A child of the client: it says what the client has given it, and what the client was started with.
  await writeFile(
    join(home, "bin/docker-credential-marked"),
    `#!/bin/sh
{ echo "$0 $*"; env; tr '\\0' '\\n' < /proc/$PPID/cmdline; } >> ${home}/seen-by-helper
echo '{"Username":"marked","Secret":"${VALUES.password}"}'
`,
  );
  await chmod(join(home, "bin/docker-credential-marked"), 0o755);
  env = {
    HOME: home,
    TMPDIR: temporary,
    DOCKER_CONFIG: join(home, "docker"),
    PATH: `${home}/bin:${process.env["PATH"]}`,
    DEBUG: "*",
    MARKED: VALUES.variable,
    TOKEN: VALUES.token,
  };
});

afterAll(async () => {
  await registry.stop();
  await repository[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** Files the test itself put the marks into. */
const ours = (): string[] => [join(home, "file"), join(home, "bin/docker-credential-marked")];

test("the search finds a secret in each encoding", () => {
  const once = (text: string): string => Buffer.from(text).toString("base64");
  for (const before of ["", "a", "ab", "abc"]) {
    const text = `${before}${VALUES.file}:`;
    for (const form of [text, once(text), once(`{"auth":"${once(text)}"}`)]) expect(marks.in(form)).toEqual(["file"]);
  }
  expect(marks.in("mark")).toEqual([]);
});

/** The files in which the client's user keeps the secrets, and from which child processes read them. */
const inEnvironment = new Set(["variable", "token"]);

const USES_SECRETS = `FROM ${BUSYBOX}
RUN --mount=type=secret,id=file --mount=type=secret,id=variable cat /run/secrets/file /run/secrets/variable | wc -c > /size
`;

test.each([
  ["kaniko", ["--progress=json"], `FROM ${BUSYBOX}\nRUN echo built\n`, ["password"]],
  [
    "kaniko",
    ["--progress=plain", "--git-in-cluster", "--secret", "id=GIT_AUTH_TOKEN,env=TOKEN"],
    undefined,
    ["password", "token"],
  ],
  [
    "buildah",
    ["--progress=plain", "--secret", "id=file,src=FILE", "--secret", "id=variable,env=MARKED"],
    USES_SECRETS,
    ["password", "file", "variable"],
  ],
] as const)(
  "%s: what is secret is in the build's own Secret, nowhere else, and after the build nowhere",
  { tags: ["long"] },
  async (builder, flags, dockerfile, shipped) => {
    const root =
      dockerfile === undefined ? repository.url : await project({ Dockerfile: dockerfile, "app.txt": "app" });
    const image = `${registry.host}/leaks/${builder}-${shipped.join("-")}`;
    const args = [
      `--builder=${builder}`,
      ...flags.map((flag) => flag.replace("FILE", join(home, "file"))),
      "-t",
      image,
      root,
    ];
    const logsBefore = await logSizes();
    const before = await revision();
    const inTemporaryFiles: string[] = [];
    const run = await build(namespace, args, {
      env,
      onStderr: () => void inTemporaryFiles.push(...marks.inFiles(temporary)),
    });
    if (run.code !== 0) throw new Error(`slipway ended with ${run.code}:\n${run.output}`);
    const after = await revision();
    const dryRun = await build(namespace, ["--dry-run", ...args], { env });
    expect(dryRun.code).toBe(0);

    // The cluster: each state of each object since the build began, and all there is now.
    const found = (await statesBetween(before, after)).flatMap(({ key, value }) =>
      marks.in(value).map((mark) => ({ key, mark })),
    );
    const build_ = `/registry/secrets/${namespace.name}/slipway-${builder}-`;
    expect(found.filter(({ key }) => !key.startsWith(build_))).toEqual([]);
    // And that the search does find: it was there, once for each.
    expect(found.map(({ mark }) => mark).sort()).toEqual([...shipped].sort());
    expect((await entries()).filter(({ value }) => marks.in(value).length > 0).map(({ key }) => key)).toEqual([]);
    expect((await objectsIn(namespace.name)).filter((name) => /^(?:secret|configmap)\//.test(name))).toEqual([]);
    // The API server writes its audit log in batches.
    await expect.poll(async () => (await logsSince(logsBefore)).includes(image.split("/").at(-1) ?? "")).toBe(true);
    expect(marks.in(await logsSince(logsBefore))).toEqual([]);
    const log = await builderLogs(namespace.name, builder);
    expect(log).not.toBe("");
    expect(marks.in(log)).toEqual([]);

    // The registry: layers, configuration and manifest.
    expect((await readdir(registry.storage, { recursive: true })).length).toBeGreaterThan(10);
    expect(marks.inFiles(registry.storage)).toEqual([]);

    // This machine: what the client said, started, and left.
    expect(marks.in(run.stdout + run.stderr + dryRun.stdout + dryRun.stderr)).toEqual([]);
    expect(dryRun.stdout).toContain("kind: Job");
    // A child has the environment its user gave the client, which is where this one came from.
    expect(marks.in(await readFile(join(home, "seen-by-helper"))).filter((name) => !inEnvironment.has(name))).toEqual(
      [],
    );
    expect(await readFile(join(home, "seen-by-helper"), "utf8")).toContain("build\n");
    expect(inTemporaryFiles).toEqual([]);
    await rm(join(home, "seen-by-helper"));
    expect(marks.inFiles(home, ours())).toEqual([]);
  },
);

const REGISTRY_SECRETS = /^secret\//;
const secrets = async (): Promise<string[]> =>
  (await objectsIn(namespace.name)).filter((name) => REGISTRY_SECRETS.test(name));
/** No node of the cluster has this label, so that the pod waits and the Secret with it. */
const WAITS = ["--node-selector=slipway-test/nowhere=yes"];

test.each([
  ["fails", [], "RUN false", undefined, 1],
  ["cannot start", ["--builder-image", `${environment("REGISTRY")}/nowhere/builder:1`], "RUN true", undefined, 3],
  ["takes too long before it starts", [...WAITS, "--timeout=2s"], "RUN true", undefined, 124],
  ["is stopped while it waits", WAITS, "RUN true", "SIGTERM", 130],
] as const)(
  "the Secret of a build that %s is gone with the client",
  { tags: ["long"] },
  async (_name, flags, run, signal, code) => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n${run}\n` });
    const before = await revision();
    const stopped = { yet: false };
    const ended = await build(namespace, ["--progress=json", ...flags, "-t", `${registry.host}/leaks/removal`, root], {
      env: { ...env, DEBUG: "" },
      onStderr: (text, child) => {
        if (signal === undefined || stopped.yet || !text.includes('"waiting"')) return;
        stopped.yet = true;
        child.kill(signal);
      },
    });
    expect(ended.code).toBe(code);
    const made = (await statesBetween(before, await revision())).filter(({ value }) => marks.in(value).length > 0);
    expect(made).toHaveLength(1);
    expect(await secrets()).toEqual([]);
  },
);

test(
  "the Secret of a killed client is deleted with its Job, by the Job's deadline and TTL",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
    const flags = [...WAITS, "--timeout=10s", "--ttl=1s", "--progress=json"];
    const before = await revision();
    const ended = await build(namespace, [...flags, "-t", `${registry.host}/leaks/killed`, root], {
      env: { ...env, DEBUG: "" },
      onStderr: (text, child) => void (text.includes('"waiting"') && child.kill("SIGKILL")),
    });
    expect(ended.signal).toBe("SIGKILL");
    // The Job may have gone before anybody looks.
    const made = (await statesBetween(before, await revision())).filter(({ value }) => marks.in(value).length > 0);
    expect(made).toHaveLength(1);
    await expect.poll(secrets).toEqual([]);
  },
);
