/**
 * Every kind of secret that a build takes, at every place where others could read it. One build is given all kinds at once, and the Dockerfile
 * checks that each has arrived; then each place is searched for each of them. leaks.test.ts looks at the Secret's life, keep-leaks.test.ts
 * at kept builders, hidden-values.test.ts at each builder's way with hidden arguments.
 */
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { serveGit } from "../conformance/builders/git-server.ts";
import type { GitServer } from "../conformance/builders/git-server.ts";
import { BUSYBOX, build } from "./support/build.ts";
import { logSizes, logsSince } from "./support/cluster-logs.ts";
import { entries, revision, statesBetween } from "./support/etcd.ts";
import { builderLogs, kubectl } from "./support/kubectl.ts";
import { Marks, newMark } from "./support/marks.ts";
import { useNamespace } from "./support/namespace.ts";
import { ADDRESS, passwordAuth, startRegistry } from "./support/own-registry.ts";
import type { OwnRegistry } from "./support/own-registry.ts";
import { project } from "./support/project.ts";
import { sha256 } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import type { Run, RunOptions } from "./support/slipway.ts";
import { ask, useVault } from "./support/vault.ts";
import { WAIT } from "./support/wait.ts";

const namespace = useNamespace();
const vault = useVault();

const VALUES = {
  "the token of Vault": newMark(),
  "a value from Vault": newMark(),
  "--secret src=": newMark(),
  "--secret env=": newMark(),
  "the registry's password": newMark(),
  "a refused password": newMark(),
  "the password of docker's proxy": newMark(),
  "the password of the environment's proxy": newMark(),
  "the token in the repository's URL": newMark(),
};
type Kind = keyof typeof VALUES | "the private key of --ssh" | "bytes of the private key";
const proxyOf = (kind: Kind & keyof typeof VALUES): string => `http://user:${VALUES[kind]}@192.0.2.1:3128`;
const DOCKERS_PROXY = proxyOf("the password of docker's proxy");
const OWN_PROXY = proxyOf("the password of the environment's proxy");

/** Kinds that a pod needs, so the build's own Secret has them while it lives. The others stay on this machine. */
const SHIPPED: readonly Kind[] = [
  "a value from Vault",
  "--secret src=",
  "--secret env=",
  "the registry's password",
  "the password of docker's proxy",
  "the password of the environment's proxy",
  "bytes of the private key",
];

let marks: Marks;
let registry: OwnRegistry;
/** It knows another password than the one that is kept for it. */
let strict: OwnRegistry;
let repository: GitServer;
let home: string;
let env: Record<string, string>;

/** A step that fails unless the command prints this. Its text does not have the value: BuildKit's log shows a RUN with its arguments filled in. */
const mustPrint = (command: string, value: string): string =>
  `test "$(${command} | tr -d '\\n' | sha256sum | cut -c 1-64)" = ${sha256(value)}`;
const ofVariable = (name: string, value: string): string => mustPrint(`env | sed -n 's/^${name}=//p'`, value);

const MOUNTS = ["file", "variable", "vault"].map((id) => `--mount=type=secret,id=${id}`).join(" ");
const DOCKERFILE = `FROM ${BUSYBOX}
RUN ${MOUNTS} cd /run/secrets && ${mustPrint(
  "cat file variable vault",
  VALUES["--secret src="] + VALUES["--secret env="] + VALUES["a value from Vault"],
)}
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK"
RUN ${ofVariable("HTTP_PROXY", DOCKERS_PROXY)} && ${ofVariable("HTTPS_PROXY", OWN_PROXY)}
ARG FAIL
RUN test -z "$FAIL"
`;

beforeAll(async () => {
  registry = await startRegistry(passwordAuth("marked", VALUES["the registry's password"]));
  strict = await startRegistry(passwordAuth("marked", newMark()));
  repository = await serveGit(ADDRESS, {
    token: VALUES["the token in the repository's URL"],
    fill: async (work, git) => {
      await writeFile(join(work, "Dockerfile"), DOCKERFILE);
      await git("add", ".");
      await git("commit", "-q", "-m", "all");
    },
  });
  await ask(vault, "sys/mounts/kv", { type: "kv", options: { version: "2" } });
  // Version 2 makes itself ready in the background, and refuses until then.
  await vi.waitFor(() => ask(vault, "kv/data/app", { data: { password: VALUES["a value from Vault"] } }), WAIT);
  await ask(vault, "sys/policies/acl/build", { policy: 'path "kv/data/app" { capabilities = ["read"] }' });
  await ask(vault, "auth/token/create", { id: VALUES["the token of Vault"], policies: ["build"], ttl: "1h" });

  home = await mkdtemp(join(tmpdir(), "slipway-matrix-"));
  await Promise.all(["bin", "docker", "tmp", "out"].map((name) => mkdir(join(home, name))));
  const login = (password: string): object => ({ auth: Buffer.from(`marked:${password}`).toString("base64") });
  const auths = {
    [registry.host]: login(VALUES["the registry's password"]),
    [strict.host]: login(VALUES["a refused password"]),
  };
  const proxies = { default: { httpProxy: DOCKERS_PROXY, noProxy: ADDRESS } };
  await writeFile(join(home, "docker/config.json"), JSON.stringify({ auths, proxies }));
  await writeFile(join(home, "file"), VALUES["--secret src="]);
  execFileSync("ssh-keygen", [
    "-q",
    "-t",
    "rsa",
    "-b",
    "2048",
    "-m",
    "PEM",
    "-N",
    "",
    "-C",
    "",
    "-f",
    join(home, "key"),
  ]);
  const key = await readFile(join(home, "key"), "utf8");
  marks = new Marks({
    ...VALUES,
    "the private key of --ssh": key.split("\n")[14] ?? "",
    // The Secret has the file as it is.
    "bytes of the private key": Buffer.from(key.slice(800, 1100)),
  });
  // What the client gives git as arguments.
  const git = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  await writeFile(join(home, "bin/git"), `#!/bin/sh\necho "$*" >> ${home}/out/git\nexec ${git} "$@"\n`);
  await chmod(join(home, "bin/git"), 0o755);
  env = {
    HOME: home,
    TMPDIR: join(home, "tmp"),
    DOCKER_CONFIG: join(home, "docker"),
    PATH: `${home}/bin:${process.env["PATH"]}`,
    DEBUG: "*",
    VAULT_ADDR: vault.address,
    VAULT_TOKEN: VALUES["the token of Vault"],
    MARKED: VALUES["--secret env="],
    HTTPS_PROXY: OWN_PROXY,
    NO_PROXY: "*",
  };
});

afterAll(async () => {
  await Promise.all([registry.stop(), strict.stop()]);
  await repository[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** Where the test itself has put them. */
const ours = (): string[] => ["file", "key", "docker/config.json"].map((name) => join(home, name));

interface Places {
  /** What was found where. It has a row for every place, also where nothing was found. */
  readonly found: Record<string, readonly string[]>;
  /** Kinds in the build's own Secret, in any state. */
  readonly inSecret: ReadonlySet<string>;
  readonly run: Run;
  readonly logs: string;
}

/** Runs one command, and the same with `--dry-run`, and looks everywhere. @param planted names of Secrets that the test made before */
async function look(
  start: (more: readonly string[], options: RunOptions) => Promise<Run>,
  builder: string,
  planted: readonly string[] = [],
): Promise<Places> {
  const before = { logs: await logSizes(), revision: await revision() };
  const temporary: string[] = [];
  const onStderr = (): void => void temporary.push(...marks.inFiles(join(home, "tmp")));
  const run = await start([], { env, onStderr });
  const states = await statesBetween(before.revision, await revision());
  const dryRun = await start(["--dry-run"], { env });
  expect(dryRun.stdout).toContain("kind: Job");
  // The API server writes its audit log in batches.
  await expect.poll(async () => (await logsSince(before.logs)).includes(`slipway-`)).toBe(true);
  const logs = await logsSince(before.logs);
  const own = `/registry/secrets/${namespace.name}/slipway-`;
  const isPlanted = (key: string): boolean =>
    planted.some((name) => key === `/registry/secrets/${namespace.name}/${name}`);
  const inState = (kind: RegExp): string[] =>
    states
      .filter(({ key }) => kind.test(key) && !key.startsWith(own) && !isPlanted(key))
      .flatMap(({ key, value }) => marks.in(value).map((mark) => `${key}: ${mark}`));
  const left = (await entries()).filter(({ key }) => !isPlanted(key));
  const builderLog = await builderLogs(namespace.name, builder);
  expect(builderLog).not.toBe("");
  const found = {
    "Jobs and pods, with labels and annotations": inState(/^\/registry\/(?:jobs|pods)\//),
    ConfigMaps: inState(/^\/registry\/configmaps\//),
    events: inState(/^\/registry\/events\//),
    "all other objects": inState(/^\/registry\/(?!(?:jobs|pods|configmaps|events)\/)/),
    "objects that are left": left.flatMap(({ key, value }) => marks.in(value).map((mark) => `${key}: ${mark}`)),
    "the cluster's logs, with the command lines of exec": marks.in(logs),
    "the builder's log": marks.in(builderLog),
    "layers, configuration and history of images": marks.inFiles(registry.storage),
    "standard output": marks.in(run.stdout),
    "progress, errors and DEBUG": marks.in(run.stderr),
    "--dry-run": marks.in(dryRun.stdout),
    "progress, errors and DEBUG of --dry-run": marks.in(dryRun.stderr),
    "temporary files": temporary,
    "--metadata-file, arguments of git, and all other files": marks.inFiles(home, ours()),
  };
  const inSecret = new Set(states.filter(({ key }) => key.startsWith(own)).flatMap(({ value }) => marks.in(value)));
  return { found, inSecret, run, logs };
}

const nowhere = (found: object): object => Object.fromEntries(Object.keys(found).map((place) => [place, []]));

test.each([
  ["buildkit", "plain", "stream", "succeeds", 0],
  ["buildkit", "rawjson", "configmap", "fails in a RUN", 1],
  ["buildkit", "json", "configmap", "may not push", 4],
  ["buildah", "plain", "pvc", "succeeds", 0],
] as const)(
  "%s, --progress %s, --transport %s, of a build that %s: no kind of secret is at any place",
  { tags: ["long"], timeout: 900_000 },
  async (builder, progress, transport, what, code) => {
    const url = repository.url.replace("//", `//bot:${VALUES["the token in the repository's URL"]}@`);
    const metadata = join(home, "out", `${builder}-${progress}.json`);
    const args = [
      `--builder=${builder}`,
      `--progress=${progress}`,
      `--transport=${transport}`,
      `--metadata-file=${metadata}`,
      "--secret",
      `id=file,src=${join(home, "file")}`,
      "--secret",
      "id=variable,env=MARKED",
      "--secret",
      "id=vault,vault=kv/app#password",
      "--ssh",
      `default=${join(home, "key")}`,
      "--build-arg",
      "HTTPS_PROXY",
      ...(what === "fails in a RUN" ? ["--build-arg", "FAIL=yes"] : []),
      "-t",
      `${what === "may not push" ? strict.host : registry.host}/matrix/${builder}-${progress}`,
      url,
    ];
    const { found, inSecret, run, logs } = await look(
      (more, options) => build(namespace, [...more, ...args], options),
      builder,
    );
    expect([run.code, run.stderr]).toEqual([code, expect.anything()]);
    expect(found).toEqual(nowhere(found));
    // The search does find what is there, and each kind was there.
    const shipped = SHIPPED.map((kind) =>
      what === "may not push" ? kind.replace("the registry's", "a refused") : kind,
    );
    expect([...inSecret].sort()).toEqual(expect.arrayContaining([...shipped].sort()));
    expect([...inSecret].filter((kind) => kind.includes("token"))).toEqual([]);
    expect(await readFile(join(home, "out/git"), "utf8")).toContain("fetch");
    expect(logs.includes("/exec?")).toBe(transport !== "configmap");
    if (code !== 0) return;
    expect(JSON.parse(await readFile(metadata, "utf8"))).toHaveProperty(["containerimage.digest"]);
    expect((await readdir(registry.storage, { recursive: true })).length).toBeGreaterThan(10);
  },
);

test(
  "a pipeline's login that secretFrom takes from a Secret is at no place but that Secret and the build's own",
  { tags: ["long"], timeout: 900_000 },
  async () => {
    const password = VALUES["the registry's password"];
    const on = ["-n", namespace.name];
    const literals = ["--from-literal=user=marked", `--from-literal=word=${password}`];
    await kubectl(["create", "secret", "generic", "hub", ...on, ...literals]);
    await kubectl(["create", "role", ...on, "read-hub", "--verb=get", "--resource=secrets", "--resource-name=hub"]);
    await kubectl([
      "create",
      "rolebinding",
      ...on,
      "read-hub",
      "--role=read-hub",
      `--serviceaccount=${namespace.name}:slipway`,
    ]);
    const step = {
      image: "banzaicloud/kaniko-plugin:0.5.1",
      dockerfile: "Dockerfile",
      registry: registry.host,
      repo: "matrix/pipeline",
      tags: "1",
      artifact_file: "card.json",
      secretFrom: {
        PLUGIN_USERNAME: { name: "hub", keyRef: "user" },
        PLUGIN_PASSWORD: { name: "hub", keyRef: "word" },
      },
    };
    const cwd = await project({
      Dockerfile: `FROM ${BUSYBOX}\nRUN true\n`,
      "pipeline.yaml": JSON.stringify({ pipeline: { build_image: step } }),
    });
    const { found, inSecret, run } = await look(
      (more, options) =>
        slipway(["pipeline", "pipeline.yaml", "build_image", ...on, ...more], {
          ...options,
          cwd,
          // Only the Secret has the login.
          env: { ...options.env, KUBECONFIG: namespace.kubeconfig, DOCKER_CONFIG: join(home, "out") },
        }),
      "kaniko",
      ["hub"],
    );
    expect([run.code, run.stderr]).toEqual([0, expect.anything()]);
    expect(found).toEqual(nowhere(found));
    expect([...inSecret]).toEqual(["the registry's password"]);
    expect(marks.inFiles(cwd)).toEqual([]);
    expect(await readFile(join(cwd, "card.json"), "utf8")).toContain("matrix/pipeline");
  },
);
