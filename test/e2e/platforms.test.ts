/** Images of two platforms, built on real nodes of both architectures: node-1 is amd64, node-3 is arm64. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { randomNumbers } from "../faults/random-fault.ts";
import { BUSYBOX, REGISTRY, build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";
import { useNodes } from "./support/nodes.ts";
import { project } from "./support/project.ts";
import { readImage, readText } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";

useNodes();
const namespace = useNamespace({ nodes: "all" });
const TLS = environment("REGISTRY_TLS");
const CA = environment("REGISTRY_CA");
const BOTH = "--platform=linux/amd64,linux/arm64";

interface Index {
  readonly mediaType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly manifests: readonly {
    readonly digest: string;
    readonly platform: { readonly os: string; readonly architecture: string };
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

async function indexOf(image: string, name = "latest"): Promise<Index> {
  const trust = image.startsWith(TLS) ? ["--registry-ca", CA] : [];
  const { stdout } = await slipway(["imagetools", "inspect", "--raw", ...trust, `${image}:${name}`]);
  return JSON.parse(stdout) as Index;
}

async function tagsOf(image: string): Promise<string[]> {
  const { tags } = JSON.parse(await readText(image, "tags/list")) as { readonly tags: string[] | null };
  return (tags ?? []).toSorted();
}

/** Which program ran in the image of each platform: the file /arch by the platform's architecture. */
async function machinesIn(image: string, name?: string): Promise<Record<string, string | undefined>> {
  const { manifests } = await indexOf(image, name);
  const read = manifests
    .filter(({ platform }) => platform.os !== "unknown")
    .map(async ({ digest, platform }) => {
      const { files } = await readImage(`${image}@${digest}`, { scheme: image.startsWith(TLS) ? "https" : "http" });
      return [platform.architecture, files.get("arch")?.text.trim()] as const;
    });
  return Object.fromEntries(await Promise.all(read));
}

const RUNS = `FROM ${BUSYBOX}\nRUN uname -m > /arch\n`;
const MACHINES = { amd64: "x86_64", arm64: "aarch64" };

test(
  "RUN runs on a node of each architecture, and every tag names one index of both images",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: RUNS });
    const [image, other] = [uniqueImage(), uniqueImage()];
    const [metadata, iidfile] = [join(root, "metadata.json"), join(root, "iid")];
    const outputs = ["--metadata-file", metadata, "--iidfile", iidfile];
    const tags = ["-t", `${image}:1.0`, "-t", `${image}:latest`, "-t", other];
    const { stdout } = await mustBuild(namespace, ["-q", BOTH, ...tags, ...outputs, "--provenance=true", root]);
    const digest = stdout.trim();
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await readFile(iidfile, "utf8")).toBe(digest);
    const written = JSON.parse(await readFile(metadata, "utf8")) as Record<string, unknown>;
    expect(written["containerimage.digest"]).toBe(digest);
    expect(Object.keys(written)).toEqual(expect.arrayContaining(["buildx.build.provenance/linux/arm64", "image.name"]));
    for (const [name, tag] of [
      [image, "1.0"],
      [image, "latest"],
      [other, "latest"],
    ] as const) {
      expect((await readImageDigest(name, tag)).digest).toBe(digest);
      expect(await machinesIn(name, tag)).toEqual(MACHINES);
    }
    // No temporary tag is left; the others belong to the provenance.
    expect((await tagsOf(image)).filter((tag) => !tag.startsWith("sha256-"))).toEqual(["1.0", "latest"]);
    // Byte for byte what `imagetools create` makes, which is held against buildx.
    const { manifests } = await indexOf(image);
    const sources = manifests.map((child) => `${image}@${child.digest}`);
    await slipway(["imagetools", "create", "-t", `${image}:again`, ...sources]);
    expect((await readImageDigest(image, "again")).digest).toBe(digest);
    const inspected = await slipway(["imagetools", "inspect", "--format", "{{json .Provenance}}", image]);
    expect(Object.keys(JSON.parse(inspected.stdout) as object)).toEqual(["linux/amd64", "linux/arm64"]);
  },
);

async function readImageDigest(image: string, tag: string): Promise<{ readonly digest: string }> {
  const { stdout } = await slipway(["imagetools", "inspect", "--format", "{{.Manifest.Digest}}", `${image}:${tag}`]);
  return { digest: stdout.trim() };
}

test.each([
  ["buildah", REGISTRY, []],
  // It pulls only over verified https, and pushes to nothing else.
  ["img", TLS, ["--registry-ca", CA]],
])("%s builds on a node of each architecture too", { tags: ["long"] }, async (builder, registry, flags) => {
  const image = uniqueImage(registry);
  const root = await project({ Dockerfile: `FROM ${registry}/busybox:1.35\nRUN uname -m > /arch\n` });
  await mustBuild(namespace, [`--builder=${builder}`, BOTH, ...flags, "-t", image, root]);
  expect(await machinesIn(image)).toEqual(MACHINES);
});

test("each step names its platform", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: RUNS });
  const { stderr } = await mustBuild(namespace, [BOTH, "--progress=plain", "-t", uniqueImage(), root]);
  for (const platform of ["linux/amd64", "linux/arm64"]) {
    expect(stderr).toContain(`[${platform} 2/2] RUN uname -m > /arch`);
  }
  expect(stderr.match(/packing context/g)).toHaveLength(1);
  expect(stderr).toContain("=> each tag names one index with the images of linux/amd64 and linux/arm64\n");
});

test("if one platform fails, the error names it, no tag has moved, and nothing stays", { tags: ["long"] }, async () => {
  const image = uniqueImage();
  await mustBuild(namespace, ["-t", image, await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo old > /arch\n` })]);
  const before = await readImage(image);
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN [ $(uname -m) = x86_64 ] && sleep 1\n` });
  const { code, stderr } = await build(namespace, [BOTH, "-t", image, root]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^ERROR: linux\/arm64: .*exit/m);
  expect((await readImage(image)).digest).toBe(before.digest);
  expect(await tagsOf(image)).toEqual(["latest"]);
});

test("BuildKit makes both images in one pod if the Dockerfile cross-compiles", { tags: ["long"] }, async () => {
  const root = await project({
    Dockerfile: `FROM --platform=$BUILDPLATFORM ${BUSYBOX} AS build
ARG TARGETARCH
RUN echo $TARGETARCH > /arch
FROM ${BUSYBOX}
COPY --from=build /arch /arch
`,
  });
  const image = uniqueImage();
  const args = ["--builder=buildkit", BOTH, "-t", image, "--annotation=index:who=slipway", root];
  const { stderr } = await mustBuild(namespace, args);
  expect(stderr).toContain("=> one pod builds linux/amd64 and linux/arm64");
  expect(stderr).not.toContain("WARNING");
  expect(await machinesIn(image)).toEqual({ amd64: "amd64", arm64: "arm64" });
  expect((await indexOf(image)).annotations).toEqual({ who: "slipway" });
});

test("-o type=oci writes one archive with both images", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: RUNS });
  const layout = join(root, "layout");
  await mustBuild(namespace, [BOTH, "-o", `type=oci,dest=${layout},tar=false`, "-t", `${REGISTRY}/a/b:1`, root]);
  const read = async (path: string): Promise<Index> => JSON.parse(await readFile(join(layout, path), "utf8")) as Index;
  const [child] = (await read("index.json")).manifests;
  expect(child?.annotations).toMatchObject({
    "io.containerd.image.name": `${REGISTRY}/a/b:1`,
    "org.opencontainers.image.ref.name": "1",
  });
  const index = await read(`blobs/sha256/${child?.digest.slice("sha256:".length)}`);
  expect(index.manifests.map(({ platform }) => platform.architecture)).toEqual(["amd64", "arm64"]);
  for (const { digest } of index.manifests) {
    const manifest = JSON.parse(await readFile(join(layout, `blobs/sha256/${digest.slice(7)}`), "utf8")) as {
      readonly layers: readonly { readonly digest: string; readonly size: number }[];
    };
    for (const layer of manifest.layers) {
      expect(await readFile(join(layout, `blobs/sha256/${layer.digest.slice(7)}`))).toHaveLength(layer.size);
    }
  }
});

test(
  "bake builds a compose file's service for its platforms, beside one that has none",
  { tags: ["long"] },
  async () => {
    const [both, one] = [uniqueImage(), uniqueImage()];
    const root = await project({
      Dockerfile: RUNS,
      "compose.yaml": `services:
  both: { image: "${both}", build: { context: ., platforms: [linux/amd64, linux/arm64] } }
  one: { image: "${one}", build: { context: ., platforms: [linux/arm64] } }\n`,
    });
    const bake = ["bake", "-n", namespace.name, "--progress=plain", "-f", "compose.yaml"];
    const done = await slipway(bake, { cwd: root, env: { KUBECONFIG: namespace.kubeconfig } });
    expect([done.code, done.stderr]).toEqual([
      0,
      expect.stringMatching(/^\[both\] #\d+ \[linux\/arm64 2\/2\] RUN uname -m > \/arch$/m),
    ]);
    expect(await machinesIn(both)).toEqual(MACHINES);
    expect((await readImage(one)).files.get("arch")?.text).toBe("aarch64\n");
  },
);

test.each([
  [["-o", "type=docker,dest=a.tar"], "docker exporter does not currently support exporting manifest lists"],
  [["--detach", "-t", "r.example/a"], "--detach cannot go with several platforms"],
  [["--node-selector=kubernetes.io/arch=amd64"], "--platform needs a node of arm64"],
])("%j is refused before anything is created", { tags: ["long"] }, async (flags, message) => {
  const { code, stderr } = await build(namespace, [BOTH, ...flags, await project({ Dockerfile: RUNS })]);
  expect(code).not.toBe(0);
  expect(stderr).toContain(`ERROR: ${message}`);
  expect(stderr).not.toContain("=> create");
});

test(
  "a platform without a node is refused before anything is sent, if the user may list nodes",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: RUNS });
    const args = ["--platform=linux/amd64,linux/s390x", "-t", uniqueImage(), root];
    const { code, stderr } = await build(namespace, args, { env: { KUBECONFIG: environment("KUBECONFIG") } });
    expect(code).toBe(3);
    expect(stderr).toContain(
      "ERROR: the cluster has no node of linux/s390x: its nodes are of linux/amd64, linux/arm64",
    );
    expect(stderr).not.toContain("=> create");
  },
);

test("--dry-run prints the objects of both pods", { tags: ["long"] }, async () => {
  const { stdout } = await mustBuild(namespace, [
    "--dry-run",
    BOTH,
    "-t",
    uniqueImage(),
    await project({ Dockerfile: RUNS }),
  ]);
  expect(stdout.match(/^kind: Job$/gm)).toHaveLength(2);
  expect(stdout).toContain("kubernetes.io/arch: amd64");
  expect(stdout).toContain("kubernetes.io/arch: arm64");
});

/** Of `make platform-kills`: 50. */
const KILLS = Number(process.env["PLATFORM_KILLS"] ?? 5);
const SEED = Number(process.env["PLATFORM_SEED"] ?? 1);

/** From the last step of a build to the end of the client. */
const LAST_LINES = 5;
/** Longer than the client takes for these lines, in milliseconds. */
const LAST_MS = 2500;

const linesIn = (text: string): number => text.split("\n").length;

test(
  `a client that is killed at a random moment leaves no tag with an incomplete index (${KILLS} times)`,
  { tags: ["long"], timeout: (KILLS + 2) * 120_000 },
  async () => {
    const root = await project({ Dockerfile: RUNS });
    const whole = await mustBuild(namespace, [BOTH, "-t", uniqueImage(), root]);
    const random = randomNumbers(SEED);
    const lines = linesIn(whole.stderr);
    const images: string[] = [];
    for (let count = 0; count < KILLS; count++) {
      const image = uniqueImage();
      // The moment is a line of what it prints, so that it is one of the build's on every machine. Every second one is where the images
      // get their tag.
      const [first, delay] = count % 2 === 0 ? [1, 0] : [lines - LAST_LINES, random() * LAST_MS];
      const line = first + Math.floor(random() * (lines - first + 1));
      let timer: NodeJS.Timeout | undefined;
      await build(namespace, [BOTH, "-t", image, root], {
        onStderr: (text, child) => {
          if (linesIn(text) >= line) timer ??= setTimeout(() => child.kill("SIGKILL"), delay);
        },
      });
      clearTimeout(timer);
      images.push(image);
    }
    // The pods of a killed client go on, and may push their own images.
    await kubectl(["wait", "jobs", "--all", "-n", namespace.name, "--for=condition=Complete", "--timeout=90s"]).catch(
      () => {},
    );
    const tags = await Promise.all(images.map((image) => tagsOf(image).catch((): string[] => [])));
    const named = images.filter((_, at) => tags[at]?.includes("latest"));
    const temporary = tags.filter((found) => found.length > 0 && !found.includes("latest"));
    process.stdout.write(
      `${KILLS} clients killed, seed ${SEED}: ${named.length} tags name an index, ${temporary.length} repositories have only temporary tags, ` +
        `${KILLS - named.length - temporary.length} have none\n`,
    );
    expect(named.length > 0 || KILLS < 50).toBe(true);
    for (const image of named) expect(await machinesIn(image)).toEqual(MACHINES);
    expect(temporary.flat().filter((tag) => !/^latest-slipway-[a-z0-9]{8}-linux-(?:amd64|arm64)$/.test(tag))).toEqual(
      [],
    );
  },
);
