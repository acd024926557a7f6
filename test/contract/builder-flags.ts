/**
 * Cases for the flags that only some builders support, for each of these builders. The effect is read from the image, from files on
 * this disk or from the builder's log, never from a duration.
 */
import { execFileSync } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { FlagCapability } from "../../src/plan/docker/capabilities.ts";
import { CONTEXT_CASES } from "./build-context-cases.ts";
import { mustBuild, uniqueImage } from "../e2e/support/build.ts";
import { testBuilder } from "../e2e/support/builders.ts";
import type { BuilderName, TestBuilder } from "../e2e/support/builders.ts";
import type { TestNamespace } from "../e2e/support/namespace.ts";
import { project } from "../e2e/support/project.ts";
import type { Files } from "../e2e/support/project.ts";
import type { Image } from "../e2e/support/registry.ts";
import type { Run, RunOptions } from "../e2e/support/slipway.ts";

export interface Trial {
  readonly builder: TestBuilder;
  readonly root: string;
  readonly image: string;
  /** Runs a build of the project that must succeed. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Run>;
  /** Does the same, pushes to `image`, and reads the image. */
  readonly build: (args: readonly string[], options?: RunOptions) => Promise<{ run: Run; built: Image }>;
}

export interface FlagCase {
  readonly title: string;
  readonly capability: FlagCapability;
  readonly builders: readonly BuilderName[];
  readonly files: (builder: TestBuilder) => Files;
  readonly act: (trial: Trial) => Promise<void>;
}

export async function tryFlag(namespace: TestNamespace, { files, act }: FlagCase, name: BuilderName): Promise<void> {
  const builder = testBuilder(name);
  const root = await project(files(builder));
  const image = uniqueImage(builder.registry);
  const run = (args: readonly string[], options?: RunOptions): Promise<Run> =>
    mustBuild(namespace, [...builder.flags, ...args, root], options);
  await act({
    builder,
    root,
    image,
    run,
    async build(args, options) {
      const done = await run([`--tag=${image}`, ...args], options);
      return { run: done, built: await builder.read(image) };
    },
  });
}

/** A Dockerfile whose RUN writes the command's output to /seen. */
const dockerfileFor =
  (command: string) =>
  ({ base }: TestBuilder): Files => ({ Dockerfile: `FROM ${base}\nRUN ${command} > /seen\n` });

const TWO_STAGES = ({ base }: TestBuilder): Files => ({
  Dockerfile: `FROM ${base} AS tools\nRUN echo tools > /tools\nFROM ${base}\nCOPY --from=tools /tools /tools\nRUN echo app > /app\n`,
});

/** A Dockerfile whose last stage is from scratch, so that `-o` writes only a few files. */
const SCRATCH_WITH_FILES = ({ base }: TestBuilder): Files => ({
  Dockerfile: `FROM ${base} AS tools
RUN mkdir -p /out/bin && echo made > /out/bin/made && chmod 750 /out/bin/made && ln -s bin/made /out/link && mkdir -m 1777 /out/t
FROM scratch
COPY --from=tools /out/ /
`,
});

export const FLAG_CASES: readonly FlagCase[] = [
  {
    title: "--add-host",
    capability: "add-host",
    builders: ["kaniko", "buildkit", "buildah", "makisu"],
    files: dockerfileFor("cat /etc/hosts"),
    async act({ build }) {
      const { built } = await build(["--add-host=db:10.9.8.7", "--add-host=web=10.9.8.6"]);
      expect(built.files.get("seen")?.text).toMatch(/^10\.9\.8\.7\s+db$/m);
      expect(built.files.get("seen")?.text).toMatch(/^10\.9\.8\.6\s+web$/m);
    },
  },
  ...CONTEXT_CASES,
  {
    title: "--annotation",
    capability: "annotation",
    builders: ["buildkit"],
    files: ({ base }) => ({ Dockerfile: `FROM ${base}\nENV A=1\n` }),
    async act({ image, build }) {
      await build(['--annotation=org.example.note=one, "two"', "--annotation=manifest:b=c=d"]);
      const [host = "", ...path] = image.split("/");
      const accept = "application/vnd.oci.image.manifest.v1+json";
      const answer = await fetch(`http://${host}/v2/${path.join("/")}/manifests/latest`, { headers: { accept } });
      expect(await answer.json()).toMatchObject({ annotations: { "org.example.note": 'one, "two"', b: "c=d" } });
    },
  },
  {
    title: "--network none",
    capability: "network-none",
    builders: ["buildkit"],
    files: dockerfileFor("cat /proc/net/route"),
    async act({ build }) {
      const { built } = await build(["--network=none"]);
      expect(built.files.get("seen")?.text.trim().split("\n")).toHaveLength(1);
    },
  },
  {
    title: "--shm-size",
    capability: "shm-size",
    builders: ["kaniko", "buildkit", "buildah", "makisu"],
    files: dockerfileFor("df -k /dev/shm"),
    async act({ build }) {
      const { built } = await build(["--shm-size=24m"]);
      expect(built.files.get("seen")?.text).toMatch(/ 24576 .* \/dev\/shm$/m);
    },
  },
  {
    title: "--ulimit",
    capability: "ulimit",
    builders: ["buildkit", "buildah"],
    files: dockerfileFor("sh -c 'ulimit -n; ulimit -H -n; ulimit -c'"),
    async act({ build }) {
      const { built } = await build(["--ulimit=nofile=512:1024", "--ulimit=core=0"]);
      expect(built.files.get("seen")?.text).toBe("512\n1024\n0\n");
    },
  },
  {
    title: "--ssh",
    capability: "ssh",
    builders: ["buildkit", "buildah"],
    // Asks the agent for its keys like `ssh-add -l`: a message of one byte, 11 (draft-miller-ssh-agent). The answer may come in parts.
    files: ({ base }) => ({
      Dockerfile: `FROM ${base.replace("busybox:1.35", "debian:bookworm")} AS ask
RUN --mount=type=ssh,id=deploy perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un($ENV{SSH_AUTH_SOCK})) or die $!; syswrite(S, pack("NC", 1, 11)); while (sysread(S, $c, 4096)) { $b .= $c; last if length($b) >= 4 + unpack("N", $b) } print unpack("H*", $b)' > /seen
FROM scratch
COPY --from=ask /seen /seen
`,
    }),
    async act({ root, build }) {
      const key = join(root, "key");
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key]);
      const publicKey = Buffer.from((await readFile(`${key}.pub`, "utf8")).split(" ")[1] ?? "", "base64");
      const { built } = await build([`--ssh=deploy=${key}`]);
      expect(built.files.get("seen")?.text).toContain(publicKey.toString("hex"));
      expect([...built.files.keys()]).toEqual(["seen"]);
    },
  },
  {
    title: "SOURCE_DATE_EPOCH",
    capability: "source-date-epoch",
    builders: ["buildkit", "buildah"],
    files: ({ base }) => ({ Dockerfile: `FROM ${base}\nENV A=1\n` }),
    async act({ build }) {
      const { built } = await build(["--build-arg=SOURCE_DATE_EPOCH=1000000000"]);
      expect(built.config).toMatchObject({ created: "2001-09-09T01:46:40Z" });
    },
  },
  {
    title: "-o compression-level",
    capability: "compression-level",
    builders: ["kaniko", "buildkit", "buildah"],
    files: ({ base }) => ({ Dockerfile: `FROM ${base}\nRUN seq 200000 > /numbers\n` }),
    async act({ image, run }) {
      const sizes: number[] = [];
      for (const level of [1, 9]) {
        const name = `${image}:${level}`;
        await run([`-otype=registry,name=${name},compression-level=${level}`]);
        sizes.push((await layersOf(name)).at(-1)?.size ?? 0);
      }
      const [quick = 0, thorough = 0] = sizes;
      expect(thorough).toBeGreaterThan(0);
      expect(quick).toBeGreaterThan(thorough * 1.05);
    },
  },
  {
    title: "-o compression=zstd, and of an archive",
    capability: "image-attributes",
    builders: ["buildkit"],
    files: ({ base }) => ({ Dockerfile: `FROM ${base}\nRUN seq 200000 > /numbers\n` }),
    async act({ root, image, run }) {
      await run([`-otype=image,name=${image}:zstd,push=true,compression=zstd,compression-level=19`]);
      // In one build BuildKit would write the layer that it has already.
      await run([`-otype=oci,dest=${root}/oci,tar=false,compression=uncompressed`]);
      expect((await layersOf(`${image}:zstd`)).at(-1)?.mediaType).toBe("application/vnd.oci.image.layer.v1.tar+zstd");
      const index = JSON.parse(await readFile(`${root}/oci/index.json`, "utf8")) as { manifests: { digest: string }[] };
      const blob = await readFile(`${root}/oci/blobs/${index.manifests[0]?.digest.replace(":", "/")}`, "utf8");
      const { layers } = JSON.parse(blob) as { layers: Layer[] };
      expect(layers.at(-1)?.mediaType).toBe("application/vnd.oci.image.layer.v1.tar");
      expect(layers.at(-1)?.size).toBeGreaterThan(1_288_895);
    },
  },
  {
    title: "-o force-compression, oci-mediatypes, rewrite-timestamp and annotation.KEY",
    capability: "image-attributes",
    builders: ["buildkit"],
    files: ({ base }) => ({ Dockerfile: `FROM ${base}\nRUN echo x > /x\n` }),
    async act({ image, builder, run }) {
      await run([
        "--build-arg=SOURCE_DATE_EPOCH=1000000000",
        `-otype=registry,name=${image}:1,compression=zstd,force-compression=true,rewrite-timestamp=true`,
      ]);
      const forced = await layersOf(`${image}:1`);
      expect(forced.length).toBeGreaterThan(1);
      expect(new Set(forced.map(({ mediaType }) => mediaType))).toEqual(
        new Set(["application/vnd.oci.image.layer.v1.tar+zstd"]),
      );
      await run([
        "--build-arg=SOURCE_DATE_EPOCH=1000000000",
        `-otype=registry,name=${image}:2,rewrite-timestamp=true,oci-mediatypes=true,annotation.org.example.a=b`,
      ]);
      const manifest = await manifestOf(`${image}:2`);
      expect(manifest.mediaType).toBe("application/vnd.oci.image.manifest.v1+json");
      expect(manifest.annotations).toMatchObject({ "org.example.a": "b" });
      expect((await builder.read(`${image}:2`)).files.get("x")?.mtime).toBe(1_000_000_000);
    },
  },
  {
    title: "-o push-by-digest",
    capability: "push-by-digest",
    builders: ["buildkit"],
    files: ({ base }) => ({ Dockerfile: `FROM ${base}\nRUN echo x > /x\n` }),
    async act({ root, image, builder, run }) {
      const { stderr } = await run([
        `-otype=image,"name=${image}",push-by-digest=true,name-canonical=true,push=true`,
        `--metadata-file=${root}/metadata.json`,
      ]);
      const metadata = JSON.parse(await readFile(`${root}/metadata.json`, "utf8")) as Record<string, string>;
      const pushed = `${image}@${metadata["containerimage.digest"]}`;
      expect(stderr).toContain(`pushed ${pushed}\n`);
      expect((await builder.read(pushed)).files.get("x")?.text).toBe("x\n");
      await expect(builder.read(`${image}:latest`)).rejects.toThrow(/404/);
    },
  },
  {
    title: "-o type=docker and type=oci",
    capability: "output-docker",
    builders: ["kaniko", "buildkit", "buildah", "img"],
    files: ({ base }) => ({ Dockerfile: `FROM ${base}\nRUN echo x > /x\n` }),
    async act({ root, image, run, builder }) {
      const names = [`${image}:1`, ...(builder.name === "img" || builder.name === "buildah" ? [] : [`${image}:2`])];
      await run([
        ...names.map((name) => `--tag=${name}`),
        `-otype=docker,dest=${root}/d.tar`,
        `-otype=oci,dest=${root}/oci,tar=false`,
        `--iidfile=${root}/id`,
      ]);
      const list = execFileSync("tar", ["-xOf", `${root}/d.tar`, "manifest.json"], { encoding: "utf8" });
      const [entry] = JSON.parse(list) as { RepoTags: string[] }[];
      expect(entry?.RepoTags.toSorted()).toEqual(names);
      const id = /[0-9a-f]{64}/.exec(await readFile(`${root}/id`, "utf8"))?.[0];
      expect(list).toContain(id);
      const index = JSON.parse(await readFile(`${root}/oci/index.json`, "utf8")) as { manifests: { digest: string }[] };
      const [manifest] = index.manifests;
      const blob = await readFile(`${root}/oci/blobs/${manifest?.digest.replace(":", "/")}`, "utf8");
      const { layers } = JSON.parse(blob) as { layers: { digest: string; size: number }[] };
      for (const { digest, size } of layers) {
        expect((await stat(`${root}/oci/blobs/${digest.replace(":", "/")}`)).size).toBe(size);
      }
      expect(layers.length).toBeGreaterThan(1);
    },
  },
  {
    title: "-o DIRECTORY",
    capability: "output-files",
    builders: ["buildkit", "buildah", "img"],
    files: SCRATCH_WITH_FILES,
    async act({ root, run }) {
      await run([`-o${root}/out`]);
      expect(await readFile(`${root}/out/bin/made`, "utf8")).toBe("made\n");
      expect((await stat(`${root}/out/bin/made`)).mode & 0o7777).toBe(0o750);
      expect((await stat(`${root}/out/t`)).mode & 0o7777).toBe(0o1777);
      expect(execFileSync("ls", ["-A", `${root}/out`], { encoding: "utf8" })).toBe("bin\nlink\nt\n");
    },
  },
  {
    title: "-o - and an image at once",
    capability: "output-files",
    builders: ["buildkit", "buildah", "img"],
    files: SCRATCH_WITH_FILES,
    async act({ build }) {
      const { run, built } = await build(["-otype=tar,dest=-", "--push"]);
      const list = execFileSync("tar", ["-tf", "-"], { input: Buffer.from(run.stdout, "latin1"), encoding: "utf8" });
      expect(list.split("\n")).toContain("bin/made");
      expect(built.files.get("bin/made")?.text).toBe("made\n");
    },
  },
  {
    title: "--cache-to and --cache-from type=registry",
    capability: "cache-registry",
    builders: ["kaniko", "buildkit", "buildah", "img"],
    files: TWO_STAGES,
    async act({ image, run, builder }) {
      const cache = `type=registry,ref=${image}-cache:kept,mode=max`;
      const first = await run([`--tag=${image}:1`, `--cache-to=${cache}`, `--cache-from=${cache}`]);
      const second = await run([`--tag=${image}:2`, `--cache-from=${cache}`]);
      expect(cachedRuns(builder.name, first.stderr)).toBe(0);
      expect(cachedRuns(builder.name, second.stderr)).toBeGreaterThan(0);
      const [one, two] = await Promise.all([builder.read(`${image}:1`), builder.read(`${image}:2`)]);
      expect(two.files.get("app")?.sha256).toBe(one.files.get("app")?.sha256);
    },
  },
  {
    title: "--cache-to type=inline",
    capability: "cache-inline",
    builders: ["buildkit", "img"],
    files: TWO_STAGES,
    async act({ image, run, builder }) {
      await run([`--tag=${image}:1`, "--cache-to=type=inline"]);
      const second = await run([`--tag=${image}:2`, `--cache-from=${image}:1`]);
      expect(cachedRuns(builder.name, second.stderr)).toBeGreaterThan(0);
    },
  },
  {
    title: "--no-cache-filter",
    capability: "no-cache-filter",
    builders: ["buildkit"],
    files: ({ base }) => ({
      Dockerfile: `FROM ${base} AS first\nRUN echo one > /1\nFROM ${base} AS second\nRUN echo two > /2\nFROM scratch\nCOPY --from=first /1 /\nCOPY --from=second /2 /\n`,
    }),
    async act({ image, run }) {
      const cache = `type=registry,ref=${image}-cache,mode=max`;
      await run([`--tag=${image}:1`, `--cache-to=${cache}`]);
      const again = await run([`--tag=${image}:2`, `--cache-from=${cache}`, "--no-cache-filter=first"]);
      const ran = (stage: string): boolean => stepOf(again.stderr, stage) === "DONE";
      expect({ first: ran("first"), second: ran("second") }).toEqual({ first: true, second: false });
    },
  },
];

interface Layer {
  readonly mediaType: string;
  readonly size: number;
}

interface Manifest {
  readonly mediaType: string;
  readonly layers: readonly Layer[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** @param image `HOST/REPOSITORY:TAG`, of one platform */
async function manifestOf(image: string): Promise<Manifest> {
  const [, host, path, tag] = /^([^/]+)\/(.+):([^:/]+)$/.exec(image) ?? [];
  const types = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];
  const answer = await fetch(`http://${host}/v2/${path}/manifests/${tag}`, { headers: { accept: types.join(", ") } });
  return (await answer.json()) as Manifest;
}

async function layersOf(image: string): Promise<readonly Layer[]> {
  return (await manifestOf(image)).layers;
}

/** Returns the number of instructions that the builder's log reports as cached. */
export function cachedRuns(builder: BuilderName, log: string): number {
  const lines: Readonly<Record<BuilderName, RegExp>> = {
    kaniko: /Using caching version of cmd: RUN/g,
    buildkit: /^#\d+ CACHED$/gm,
    buildah: /Using cache|Cache pulled from remote/g,
    img: /^#\d+ CACHED$/gm,
    makisu: /^(?:#\d+ [\d.]+ )?\* Applying cache layer/gm,
  };
  return log.match(lines[builder])?.length ?? 0;
}

/** Returns what BuildKit's log reports about the RUN of a stage: `DONE` or `CACHED`. */
function stepOf(log: string, stage: string): string | undefined {
  const vertex = new RegExp(`^#(\\d+) \\[${stage} \\d+/\\d+\\] RUN`, "m").exec(log)?.[1];
  return new RegExp(`^#${vertex} (DONE|CACHED)`, "m").exec(log)?.[1];
}
