/** A case for each flag of `docker build`. The names of the flags are keys of recorded/flags.json. */
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { DockerFlagName } from "../../src/plan/docker/flag-table.ts";
import { FROM, answer, objects, pushed, pushedBy, refusal } from "./case.ts";
import type { FlagCase, Use } from "./case.ts";
import { imageName } from "./look-alike.ts";

/** The flag is accepted; its effect is not compared. */
const accepted = (...flags: string[]): FlagCase => ({ ...objects(flags, "kind: Job"), uses: [pushed(...flags)] });
/** The flag sets something in the pod. Docker has no counterpart of the pod, so only the acceptance is compared. */
const ofPod = (holds: string, ...flags: string[]): FlagCase => ({ ...objects(flags, holds), uses: [pushed(...flags)] });
/** Kaniko refuses the flag. Another builder is compared with docker. */
const cannot = (flag: string, args: readonly string[], ...uses: Use[]): FlagCase => ({
  ...refusal(["--builder=kaniko", ...args, "."], new RegExp(`^ERROR: kaniko cannot do ${flag}.*\n {2}- \\S`, "m")),
  uses,
});
const by = (builder: string, ...flags: string[]): Use => pushedBy(builder, ...flags);

const TWO_STAGES = { Dockerfile: `${FROM.trim()} AS first\nRUN echo 1 > /1\nFROM first\nRUN echo 2 > /2\n` };

export const CASES: Readonly<Record<DockerFlagName, FlagCase>> = {
  "add-host": {
    files: { Dockerfile: `${FROM}RUN cat /etc/hosts > /seen\n` },
    async act({ build }) {
      const { built } = await build(["--add-host", "db:10.9.8.7", "--add-host=six=[::1]", "."]);
      expect(built.files.get("seen")?.text).toMatch(/^10\.9\.8\.7\s+db$/m);
      expect(built.files.get("seen")?.text).toMatch(/^::1\s+six$/m);
    },
  },
  allow: cannot("--allow", ["--allow", "network.host"], pushed("--allow", "network.host")),
  annotation: cannot("--annotation", ["--annotation", "a=b"], by("buildkit", "--annotation", "a=b")),
  attest: cannot(
    "--sbom generator=r.io/scan",
    ["--attest", "type=sbom,generator=r.io/scan"],
    pushed("--attest", "type=provenance,mode=min"),
    pushed("--attest", "type=provenance,disabled=true", "--metadata-file", "m.json"),
  ),
  "build-arg": {
    files: { Dockerfile: `${FROM}ARG A=default\nARG B=default\nARG C=default\nLABEL a=$A b=$B c=$C\n` },
    async act({ build }) {
      const { built } = await build(["--build-arg", "A=1 2=3", "--build-arg", "B", "--build-arg", "C", "."], {
        env: { B: "from env", C: undefined },
      });
      expect(built.config.config.Labels).toMatchObject({ a: "1 2=3", b: "from env", c: "default" });
    },
  },
  "build-context": {
    ...cannot("--build-context", ["--build-context", "a=."], by("buildkit", "--build-context", "more=more")),
    files: { Dockerfile: `${FROM}COPY --from=more file /\n`, "more/file": "of the other" },
  },
  builder: refusal(["--builder", "nobody", "."], /no builder|there is no builder "nobody"/, false),
  "cache-from": {
    files: { Dockerfile: `${FROM}RUN echo once > /once\n` },
    async act({ build, image, run }) {
      const cache = `${imageName()}:cache`;
      await build(["--cache-to", `type=registry,ref=${cache}`, "."]);
      const again = await run(["--push", "-t", image, "--cache-from", cache, "--progress", "plain", "."]);
      expect(again.code).toBe(0);
      expect(again.stderr).toMatch(/cach/i);
      expect(again.stderr).not.toMatch(/Running: \[\/bin\/sh -c echo once/);
    },
  },
  "cache-to": refusal(["--cache-to", "mode=max", "."], /type required for "mode=max"/, false),
  call: {
    ...answer(["--call", "outline", "."], /^BUILD ARG +VALUE +DESCRIPTION\nV/, 0),
    files: { Dockerfile: `ARG V=1\n${FROM}ARG V\n` },
  },
  "cgroup-parent": accepted("--cgroup-parent", "x"),
  check: answer(["--check", "."], /Check complete, no warnings found\./, 0),
  compress: accepted("--compress"),
  "cpu-period": ofPod("cpu: 2000m", "--cpu-period", "50000", "--cpu-quota", "100000"),
  "cpu-quota": ofPod("cpu: 500m", "--cpu-quota", "50000"),
  "cpu-shares": ofPod("cpu: 500m", "-c", "512"),
  "cpuset-cpus": accepted("--cpuset-cpus", "0"),
  "cpuset-mems": accepted("--cpuset-mems", "0"),
  debug: accepted("-D"),
  "disable-content-trust": accepted("--disable-content-trust"),
  file: {
    files: {
      "docker/app.Dockerfile": `${FROM}COPY . /all\n`,
      "docker/app.Dockerfile.dockerignore": "b\n",
      "ctx/a": "a",
      "ctx/b": "b",
    },
    async act({ build }) {
      const { built } = await build(["-f", "docker/app.Dockerfile", "ctx"]);
      expect([...built.files.keys()].filter((path) => path.startsWith("all/"))).toEqual(["all/a"]);
    },
  },
  "force-rm": accepted("--force-rm=true"),
  iidfile: {
    async act({ build, root, run }) {
      const { built } = await build(["--iidfile", "id", "."]);
      expect(await readFile(join(root, "id"), "utf8")).toBe(built.configDigest);
      const { readdir, writeFile } = await import("node:fs/promises");
      await writeFile(join(root, "fails"), `${FROM}RUN false\n`);
      expect((await run(["--iidfile", "id", "-f", "fails", "."])).code).toBe(1);
      expect(await readdir(root)).not.toContain("id");
    },
  },
  isolation: accepted("--isolation", "default"),
  label: {
    async act({ build }) {
      const { built } = await build(["--label", "a=1", "--label", "empty", "--label", "b=x=y", "."]);
      expect(built.config.config.Labels).toMatchObject({ a: "1", empty: "", b: "x=y" });
    },
  },
  load: {
    ...refusal(["--load", "."], /^ERROR: --load needs a container engine on this machine/m),
    uses: [{ args: ["--load", "."], cannot: "it needs docker's own engine" }],
  },
  memory: ofPod("limits:\n              memory: '209715200'", "-m", "200m"),
  "memory-swap": accepted("--memory-swap", "-1"),
  "metadata-file": {
    async act({ build, root, image }) {
      const { built } = await build(["--metadata-file", "m.json", "."]);
      const text = await readFile(join(root, "m.json"), "utf8");
      const metadata = JSON.parse(text) as Record<string, unknown>;
      expect(metadata).toMatchObject({
        "containerimage.digest": built.digest,
        "containerimage.config.digest": built.configDigest,
        "containerimage.descriptor": { digest: built.digest },
        "image.name": image,
      });
      expect(text).toBe(JSON.stringify(metadata, undefined, 2));
    },
  },
  network: cannot(
    "--network none",
    ["--network", "none"],
    by("buildkit", "--network", "none"),
    pushed("--network", "default"),
    pushed("--network", "host"),
  ),
  "no-cache": {
    files: { Dockerfile: `${FROM}RUN echo hello from $((40 + 2))\n` },
    async act({ build }) {
      expect((await build(["--no-cache", "--progress=plain", "."])).run.stderr).toContain("hello from 42");
    },
  },
  "no-cache-filter": refusal(
    ["--no-cache", "--no-cache-filter", "a", "."],
    /--no-cache and --no-cache-filter cannot currently be used together/,
    false,
  ),
  output: {
    files: { Dockerfile: `${FROM}RUN echo x > /x\n` },
    async act({ run, root, image }) {
      const both = await run([
        "-t",
        image,
        "-o",
        "type=docker,dest=d.tar",
        "-o",
        "type=oci,dest=o.tar",
        "--iidfile",
        "id",
        ".",
      ]);
      expect({ code: both.code, stdout: both.stdout }).toEqual({ code: 0, stdout: "" });
      const list = JSON.parse(
        execFileSync("tar", ["-xOf", join(root, "d.tar"), "manifest.json"], { encoding: "utf8" }),
      ) as {
        RepoTags: string[];
        Config: string;
      }[];
      expect(list[0]?.RepoTags).toEqual([`${image}:latest`]);
      expect(await readFile(join(root, "id"), "utf8")).toContain(/[0-9a-f]{64}/.exec(list[0]?.Config ?? "")?.[0]);
      const index = JSON.parse(
        execFileSync("tar", ["-xOf", join(root, "o.tar"), "index.json"], { encoding: "utf8" }),
      ) as {
        manifests: object[];
      };
      expect(index.manifests).toHaveLength(1);
    },
  },
  platform: {
    async act({ build }) {
      const { built } = await build(["--platform", "linux/amd64", "."]);
      expect(built.config).toMatchObject({ os: "linux", architecture: "amd64" });
    },
  },
  policy: {
    ...refusal(["--policy", "filename=x", "."], /slipway does not support source policies/),
    uses: [pushed("--policy", "filename=x")],
  },
  print: {
    ...answer(["--print", "targets", "."], /^TARGET +DESCRIPTION\none/, 0),
    files: { Dockerfile: `${FROM.trim()} AS one\n` },
  },
  progress: {
    files: { Dockerfile: `${FROM}RUN echo progress to $((40 + 2))\n` },
    async act({ build }) {
      const { run } = await build(["--progress", "rawjson", "."]);
      const lines = run.stderr
        .trim()
        .split("\n")
        .map(
          (line) =>
            JSON.parse(line) as {
              vertexes?: { digest: string; completed?: string }[];
              logs?: { vertex: string; data: string }[];
            },
        );
      const log = lines
        .flatMap(({ logs }) => logs ?? [])
        .map(({ data }) => Buffer.from(data, "base64").toString())
        .join("");
      expect(log).toContain("progress to 42");
      const completed = new Set(
        lines
          .flatMap(({ vertexes }) => vertexes ?? [])
          .filter((vertex) => vertex.completed)
          .map(({ digest }) => digest),
      );
      const all = new Set(lines.flatMap(({ vertexes }) => vertexes ?? []).map(({ digest }) => digest));
      expect([...all].filter((digest) => !completed.has(digest))).toEqual([]);
    },
  },
  provenance: {
    ...objects(["--provenance", "mode=max", "-t", "registry.example.com/app"], "kind: Job"),
    uses: [
      pushed("--provenance", "mode=max", "--metadata-file", "m.json"),
      pushed("--provenance=true"),
      pushed("--provenance=false", "--metadata-file", "m.json"),
    ],
  },
  pull: {
    async act({ build }) {
      expect((await build(["--pull", "."])).run.stdout).toBe("");
    },
  },
  push: refusal(["--push", "."], /tag is needed when pushing to registry/, false),
  quiet: {
    async act({ build }) {
      const { run, built } = await build(["-q", "."]);
      expect(run).toMatchObject({ stdout: `${built.configDigest}\n`, stderr: "" });
    },
  },
  resource: ofPod("memory: '1073741824'", "--resource", "memory=1g"),
  rm: accepted("--rm=false"),
  sbom: {
    ...objects(["--sbom=true", "-t", "registry.example.com/app"], "kind: Job"),
    uses: [
      pushed("--sbom=false"),
      { args: ["--sbom=true", "."], cannot: "its scanner is an image of Docker Hub, which the cluster does not reach" },
    ],
  },
  secret: {
    ...cannot("--secret", ["--secret", "id=a,env=HOME"], by("buildkit", "--secret", "id=a,src=token")),
    files: { Dockerfile: `${FROM}RUN --mount=type=secret,id=a test "$(cat /run/secrets/a)" = hush\n`, token: "hush" },
  },
  "security-opt": accepted("--security-opt", "x"),
  "shm-size": {
    files: { Dockerfile: `${FROM}RUN df -k /dev/shm | tail -1 > /seen && echo x > /dev/shm/mine\n` },
    async act({ build }) {
      const { built } = await build(["--shm-size", "33m", "."]);
      expect(built.files.get("seen")?.text).toMatch(/\s33792\s/);
      expect([...built.files.keys()].filter((path) => path.startsWith("dev/shm"))).toEqual([]);
    },
  },
  squash: accepted("--squash"),
  ssh: cannot("--ssh", ["--ssh", "default"], {
    args: ["--ssh", "default", "."],
    cannot: "it needs an agent, which no pod can reach",
  }),
  tag: {
    async act({ build, image }) {
      const other = imageName();
      const { built } = await build([`-t${other}:b`, "."]);
      const { readImage } = await import("../e2e/support/registry.ts");
      expect((await readImage(`${other}:b`)).digest).toBe(built.digest);
      expect(image).not.toBe(other);
    },
  },
  target: {
    files: TWO_STAGES,
    async act({ build }) {
      const { built } = await build(["--target=first", "."]);
      expect([built.files.has("1"), built.files.has("2")]).toEqual([true, false]);
    },
  },
  ulimit: {
    ...cannot("--ulimit", ["--ulimit", "nofile=1024"], by("buildkit", "--ulimit", "nofile=1024")),
    files: { Dockerfile: `${FROM}RUN test "$(ulimit -n)" = 1024\n` },
  },
};
