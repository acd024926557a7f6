/** What `--builder buildkit` can do, in a kept builder: caches, exports, attestations, warnings, named contexts, standard input. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { BUSYBOX, uniqueImage } from "./support/build.ts";
import { useKeepClient } from "./support/keep-client.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

const { run, mustBuild: mustKeep } = useKeepClient();

async function scratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-keep-out-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const manifest = (text: Buffer): { manifests: { annotations?: Record<string, string> }[] } =>
  JSON.parse(text.toString()) as never;

test("a cache in the registry is written, and read by a new builder", { tags: ["long"] }, async () => {
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nRUN head -c 9 /dev/urandom > /stamp\nCOPY f /f\n`,
    f: "1",
  });
  const cache = `${uniqueImage()}-cache`;
  const image = uniqueImage();
  await mustKeep(["--cache-to", `type=registry,ref=${cache},mode=max`, "-t", image, root]);
  const before = (await readImage(image)).files.get("stamp")?.text;
  await run(["keep", "stop", "--all"]);
  const second = await mustKeep(["--cache-from", `type=registry,ref=${cache}`, "-t", image, root]);
  expect(second.stderr).toMatch(/^#\d+ CACHED$/m);
  expect((await readImage(image)).files.get("stamp")?.text).toBe(before);
});

test("every type of output comes to this machine", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY f /f\n`, f: "content" });
  const out = await scratchDirectory();
  const image = uniqueImage();
  const outputs = ["docker", "oci", "tar"].flatMap((type) => ["-o", `type=${type},dest=${join(out, `${type}.tar`)}`]);
  await mustKeep([...outputs, "-o", `type=local,dest=${join(out, "local")}`, "--push", "-t", image, root]);
  const listed = (name: string): string => execFileSync("tar", ["-tf", join(out, name)], { encoding: "utf8" });
  expect(listed("docker.tar")).toMatch(/^manifest\.json$/m);
  expect(listed("oci.tar")).toMatch(/^index\.json$/m);
  expect(listed("tar.tar")).toMatch(/^f$/m);
  expect(await readFile(join(out, "local/f"), "utf8")).toBe("content");
  expect((await readImage(image)).files.get("f")?.text).toBe("content");
  const piped = await mustKeep(["-o", "-", root]);
  expect(piped.stdout.length).toBeGreaterThan(1000);
});

test("attestations, the metadata file and the image ID are as without --keep", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY f /f\n`, f: "1" });
  const out = await scratchDirectory();
  const files = ["--metadata-file", join(out, "metadata.json"), "--iidfile", join(out, "iid")];
  const plain = uniqueImage();
  await mustKeep([...files, "--provenance", "false", "-t", plain, root]);
  const { digest } = await readImage(plain);
  const metadata = JSON.parse(await readFile(join(out, "metadata.json"), "utf8")) as Record<string, unknown>;
  expect(metadata["containerimage.digest"]).toBe(digest);
  expect(metadata["image.name"]).toBe(plain);
  expect(metadata["containerimage.config.digest"]).toBe(await readFile(join(out, "iid"), "utf8"));
  const attested = uniqueImage();
  const ended = await mustKeep([...files, "--provenance", "mode=max", "-t", attested, root]);
  expect(ended.stderr).not.toContain("WARNING");
  const index = await fetch(`http://${attested.replace("/", "/v2/")}/manifests/latest`, {
    headers: { accept: "application/vnd.oci.image.index.v1+json" },
  });
  const { manifests } = manifest(Buffer.from(await index.arrayBuffer()));
  expect(manifests.map(({ annotations }) => annotations?.["vnd.docker.reference.type"])).toContain(
    "attestation-manifest",
  );
  expect(await readFile(join(out, "iid"), "utf8")).toBe(index.headers.get("docker-content-digest"));
});

test("the Dockerfile's warnings come at the end, with their lines", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `from ${BUSYBOX} AS one\nMAINTAINER me\n` });
  const { stderr } = await mustKeep([root]);
  expect(stderr).toMatch(/^WARNING: MaintainerDeprecated: .*\(line 2\)$/m);
  expect(stderr.indexOf("WARNING: Maintainer")).toBeGreaterThan(stderr.lastIndexOf("DONE"));
});

test(
  "--no-cache-filter runs the steps of one stage again, --no-cache all of them, --target and --build-arg count",
  { tags: ["long"] },
  async () => {
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX} AS one
RUN head -c 9 /dev/urandom > /one
FROM one AS two
ARG TEXT
RUN head -c 9 /dev/urandom > /two; echo "$TEXT" > /text
FROM two AS unused
RUN false
`,
    });
    const image = uniqueImage();
    const built = async (...args: string[]): Promise<(string | undefined)[]> => {
      await mustKeep(["--target", "two", "--build-arg", "TEXT=a", "-t", image, ...args, root]);
      const { files } = await readImage(image);
      return ["one", "two", "text"].map((path) => files.get(path)?.text);
    };
    const first = await built();
    expect(first[2]).toBe("a\n");
    expect(await built()).toEqual(first);
    const filtered = await built("--no-cache-filter", "two");
    expect([filtered[0] === first[0], filtered[1] === first[1]]).toEqual([true, false]);
    const none = await built("--no-cache");
    expect([none[0] === first[0], none[1] === filtered[1]]).toEqual([false, false]);
  },
);

test(
  "directories and images are named contexts, and a context may come from standard input",
  { tags: ["long"] },
  async () => {
    const extra = await project({ "in/x": "extra", skipped: "no", ".dockerignore": "skipped\n" });
    const root = await project({
      Dockerfile: `FROM base\nCOPY --from=extra . /extra/\nCOPY f /f\n`,
      f: "1",
    });
    const image = uniqueImage();
    const contexts = ["--build-context", `extra=${extra}`, "--build-context", `base=docker-image://${BUSYBOX}`];
    await mustKeep([...contexts, "-t", image, root]);
    const { files } = await readImage(image);
    expect(files.get("extra/in/x")?.text).toBe("extra");
    expect(files.has("extra/skipped")).toBe(false);
    const archive = execFileSync("tar", ["-C", root, "-cf", "-", "."]);
    await mustKeep([...contexts, "-t", image, "-"], { stdin: archive });
    expect((await readImage(image)).files.get("f")?.text).toBe("1");
    await mustKeep(["-t", image, "-"], { stdin: `FROM ${BUSYBOX}\nRUN echo piped > /p\n` });
    expect((await readImage(image)).files.get("p")?.text).toBe("piped\n");
  },
);

test("an OCI layout of this machine is a base image, and is read from the client", { tags: ["long"] }, async () => {
  const layout = join(await scratchDirectory(), "layout");
  execFileSync("skopeo", ["copy", "--src-tls-verify=false", `docker://${BUSYBOX}`, `oci:${layout}:one`]);
  const root = await project({ Dockerfile: "FROM based\nRUN echo layout > /l\n" });
  const image = uniqueImage();
  const context = (text: string): string[] => ["--build-context", `based=oci-layout://${layout}${text}`];
  await mustKeep([...context(":one"), "-t", image, root]);
  const { files } = await readImage(image);
  expect(files.get("l")?.text).toBe("layout\n");
  expect(files.has("bin/busybox")).toBe(true);
  const missing = await run(["build", "--keep", "10m", ...context(":two"), root]);
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/^ERROR: .* has no tag "two"$/m)]);
  const unkept = await run(["build", ...context(""), "-t", image, root]);
  expect([unkept.code, unkept.stderr]).toEqual([125, expect.stringMatching(/^ERROR: .* needs --keep/m)]);
});

test("two builds at the same time share a builder, and each gives its own image", { tags: ["long"] }, async () => {
  const build = async (text: string): Promise<string | undefined> => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN sleep 1\nCOPY f /f\n`, f: text });
    const image = uniqueImage();
    await mustKeep(["-t", image, root]);
    return (await readImage(image)).files.get("f")?.text;
  };
  await build("first");
  const texts = ["a", "b", "c"];
  expect(await Promise.all(texts.map(build))).toEqual(texts);
  expect((await run(["keep", "-q"])).stdout.trim().split("\n")).toHaveLength(1);
});

test(
  "a file that is changed while the time and size stay is not missed when its mode changes",
  { tags: ["long"] },
  async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY f /f\n`, f: { content: "x", mode: 0o644 } });
    const image = uniqueImage();
    await mustKeep(["-t", image, root]);
    execFileSync("chmod", ["755", join(root, "f")]);
    await mustKeep(["-t", image, root]);
    expect((await readImage(image)).files.get("f")?.mode).toBe(0o755);
    await rm(join(root, "f"));
    await writeFile(join(root, "g"), "new");
    await writeFile(join(root, "Dockerfile"), `FROM ${BUSYBOX}\nCOPY . /all/\n`);
    await mustKeep(["-t", image, root]);
    const { files } = await readImage(image);
    expect([files.has("all/f"), files.get("all/g")?.text]).toEqual([false, "new"]);
  },
);
