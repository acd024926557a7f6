/** Nothing secret of a kept build leaks: a build with marked credentials, secrets and keys, and the search for the marks wherever these could be. */
import { execFileSync, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUSYBOX } from "./support/build.ts";
import { logSizes, logsSince } from "./support/cluster-logs.ts";
import { entries, revision, statesBetween } from "./support/etcd.ts";
import { kubectl } from "./support/kubectl.ts";
import { Marks, newMark } from "./support/marks.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { passwordAuth, startRegistry } from "./support/own-registry.ts";
import type { OwnRegistry } from "./support/own-registry.ts";
import { project } from "./support/project.ts";
import { slipway } from "./support/slipway.ts";
import type { Run, RunOptions } from "./support/slipway.ts";

const namespace = useNamespace({ rbac: ["--keep"] });
const VALUES = { password: newMark(), file: newMark(), variable: newMark() };
/** How every private key of Ed25519 begins in PEM, so also the one that the daemon gets to prove itself with. */
const DAEMONS_KEY = new Marks({ "the daemon's key": "MC4CAQAwBQYDK2VwBCIEI" });
/** What a build writes itself: where the search has to find something. */
const WRITTEN = newMark();

let registry: OwnRegistry;
let home: string;
let marks: Marks;
let env: Record<string, string>;

beforeAll(async () => {
  registry = await startRegistry(passwordAuth("marked", VALUES.password));
  home = await mkdtemp(join(tmpdir(), "slipway-leaks-"));
  await Promise.all(["bin", "docker", "tmp"].map((name) => mkdir(join(home, name))));
  await writeFile(join(home, "docker/config.json"), JSON.stringify({ credHelpers: { [registry.host]: "marked" } }));
  await writeFile(join(home, "file"), VALUES.file);
  const helper = `#!/bin/sh\necho '{"Username":"marked","Secret":"${VALUES.password}"}'\n`;
  await writeFile(join(home, "bin/docker-credential-marked"), helper);
  await chmod(join(home, "bin/docker-credential-marked"), 0o755);
  execFileSync("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-C", "leaks", "-f", join(home, "key")]);
  // Of the private exponent, which begins after the public key and the modulus: some bytes, and a line of the file.
  const lines = (await readFile(join(home, "key"), "utf8")).split("\n");
  const bytes = Buffer.from(lines.slice(1, -2).join(""), "base64").subarray(650, 700);
  marks = new Marks({ ...VALUES, key: lines[14] ?? "", "bytes of the key": bytes });
  env = {
    KUBECONFIG: namespace.kubeconfig,
    SLIPWAY_NAMESPACE: namespace.name,
    HOME: home,
    TMPDIR: join(home, "tmp"),
    DOCKER_CONFIG: join(home, "docker"),
    PATH: `${home}/bin:${process.env["PATH"]}`,
    DEBUG: "*",
    MARKED: VALUES.variable,
  };
});
afterAll(async () => {
  await run(["keep", "stop", "--all"]);
  await registry.stop();
  await rm(home, { recursive: true, force: true });
});

function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return slipway(args, { env, ...options });
}

/** Files in which the user keeps the secrets, and the key by which the builder is known, which is not one of the build's. */
const ours = (): string[] => ["file", "key", "key.pub", "bin/docker-credential-marked"].map((name) => join(home, name));

/** Names of the marks in what a command prints in the builder's container. @param script is read from standard input */
async function inPod(pod: string, script: string, found: Marks): Promise<Set<string>> {
  const args = ["exec", "-i", "-n", namespace.name, pod, "-c", "buildkit", "--", "sh"];
  const child = spawn("kubectl", args, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(script);
  const names = new Set<string>();
  let rest: Buffer = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    const text = Buffer.concat([rest, chunk]);
    for (const name of found.in(text)) names.add(name);
    rest = text.subarray(-4096);
  }
  if (bytes === 0) throw new Error("the command printed nothing");
  return names;
}

/** All that the builder's user can read; what is mounted from the kernel is not a file of the pod. */
const FILES = "cd /; tar -cf - $(ls -A | grep -vxE 'proc|sys|dev') 2>/dev/null; exit 0\n";
const PROCESSES = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null; exit 0\n";

test(
  "a kept build's password, secrets and key are in no object, file, variable, argument or log, and on this machine only where they were",
  { tags: ["long"], timeout: 900_000 },
  async () => {
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX}
RUN --mount=type=secret,id=file --mount=type=secret,id=variable,env=VARIABLE sha256sum /run/secrets/file && test -n "$VARIABLE"
RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK"
RUN echo ${WRITTEN} > /written
`,
    });
    const image = `${registry.host}/leaks/kept`;
    const secrets = ["--secret", `id=file,src=${join(home, "file")}`, "--secret", "id=variable,env=MARKED"];
    const ssh = ["--ssh", `default=${join(home, "key")}`];
    const logsBefore = await logSizes();
    const before = await revision();
    const inTemporaryFiles: string[] = [];
    const ended = await run(["build", "--keep", "10m", "--progress", "plain", ...secrets, ...ssh, "-t", image, root], {
      onStderr: () => void inTemporaryFiles.push(...marks.inFiles(join(home, "tmp"))),
    });
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining("=> built")]);

    // The cluster: each state of each object since the build began, all there is now, and the logs of its programs.
    const states = await statesBetween(before, await revision());
    expect(states.some(({ key }) => key.startsWith(`/registry/jobs/${namespace.name}/slipway-keep-`))).toBe(true);
    expect(states.filter(({ value }) => marks.in(value).length > 0).map(({ key }) => key)).toEqual([]);
    expect((await entries()).filter(({ value }) => marks.in(value).length > 0).map(({ key }) => key)).toEqual([]);
    expect((await objectsIn(namespace.name)).filter((name) => name.startsWith("secret/"))).toEqual([]);
    await expect.poll(async () => (await logsSince(logsBefore)).includes("slipway-keep-")).toBe(true);
    expect(marks.in(await logsSince(logsBefore))).toEqual([]);

    // The builder, which is still there.
    const pod = (await run(["keep", "--format", "{{.Pod}}"])).stdout.trim();
    expect(marks.in(await kubectl(["logs", "-n", namespace.name, pod]))).toEqual([]);
    const written = new Marks({ written: WRITTEN });
    expect(await inPod(pod, FILES, written)).toEqual(new Set(["written"]));
    expect(await inPod(pod, FILES, marks)).toEqual(new Set());
    expect(await inPod(pod, PROCESSES, marks)).toEqual(new Set());
    expect(await inPod(pod, FILES, DAEMONS_KEY)).toEqual(new Set());
    expect(await inPod(pod, PROCESSES, DAEMONS_KEY)).toEqual(new Set());
    expect(states.filter(({ value }) => DAEMONS_KEY.in(value).length > 0).map(({ key }) => key)).toEqual([]);
    // It is what it is taken for: the user's own key is of this kind.
    expect(DAEMONS_KEY.inFiles(join(home, ".config"))).toHaveLength(1);

    // The registry and this machine.
    expect((await readdir(registry.storage, { recursive: true })).length).toBeGreaterThan(10);
    expect(marks.inFiles(registry.storage)).toEqual([]);
    expect(marks.in(ended.stdout + ended.stderr)).toEqual([]);
    expect(inTemporaryFiles).toEqual([]);
    expect(marks.inFiles(home, ours())).toEqual([]);
  },
);
