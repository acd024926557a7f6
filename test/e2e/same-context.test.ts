/**
 * A random tree is the same image whether it comes as a directory, as an archive on standard input or by URL, or as a repository, and
 * however it travels. `make test` has one tree; `make same-context` has SAME_CONTEXT_TREES of them, and all builders.
 */
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { mustBuild, uniqueImage } from "./support/build.ts";
import { testBuilder } from "./support/builders.ts";
import type { BuilderName } from "./support/builders.ts";
import { useNamespace } from "./support/namespace.ts";
import type { Image } from "./support/registry.ts";
import { fillRandomly } from "../unit/pack/random-tree.ts";
import { serveGit } from "../unit/plan/source/git-server.ts";

const namespace = useNamespace({ rbac: ["--transport", "cache"] });

const TREES = Number(process.env["SAME_CONTEXT_TREES"] ?? 0);
const FIRST_SEED = Number(process.env["SAME_CONTEXT_SEED"] ?? 1);

/** Each with the args of tar. */
const ARCHIVES = {
  tar: ["--format=pax", "-S"],
  gzip: ["--format=ustar", "-z"],
  bzip2: ["--format=pax", "-j"],
  xz: ["--format=gnu", "-J"],
  zstd: ["--format=pax", "--zstd"],
} as const;

type Source = "directory" | "url" | "repository" | keyof typeof ARCHIVES;

async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-same-"));
  onTestFinished(async () => {
    execFileSync("chmod", ["-R", "u+rwX", directory]);
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
}

async function treeOf(seed: number, forGit: boolean): Promise<string> {
  const root = await scratch();
  fillRandomly(root, seed, { forGit });
  await chmod(root, 0o755);
  return root;
}

const archiveOf = (root: string, args: readonly string[]): Buffer =>
  execFileSync("tar", [...args, "-cf", "-", "-C", root, "."], { maxBuffer: 1024 ** 3 });

interface Given {
  readonly path: string;
  readonly stdin?: Buffer;
}

/** The args and the standard input by which a build gets the tree. */
async function given(source: Source, root: string): Promise<Given> {
  if (source === "directory") return { path: root };
  if (source === "url") {
    const body = archiveOf(root, ARCHIVES.gzip);
    const server = createServer((_, response) => response.end(body)).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => void server.once("listening", resolve));
    return { path: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tree.tar.gz` };
  }
  if (source === "repository") {
    const server = await serveGit();
    onTestFinished(() => server.close());
    const directory = server.add("/tree.git", { first: "x" });
    await rm(join(directory, "first"));
    // Names may be bytes that are not UTF-8.
    execFileSync("cp", ["-a", `${root}/.`, directory]);
    const git = ["-c", "user.name=n", "-c", "user.email=e", "-C", directory];
    execFileSync("git", [...git, "add", "-A", "-f"]);
    execFileSync("git", [...git, "commit", "-qm", "tree"]);
    return { path: `${server.url}/tree.git` };
  }
  return { path: "-", stdin: archiveOf(root, ARCHIVES[source]) };
}

/**
 * Everything about the files but their times, owners and order. Builders may write a hard link as one or as a second file.
 * @param bits those of the modes that are compared
 */
function filesOf({ files }: Image, bits: number): unknown {
  return [...files]
    .map(([path, file]) => {
      const { size, sha256 } = (file.type === "Link" ? files.get(file.link) : file) ?? file;
      const link = file.type === "Link" ? "" : file.link;
      return [path.replace(/\/$/, ""), file.mode & bits, size, sha256, link];
    })
    .toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}

async function build(name: BuilderName, transport: string, from: Given): Promise<Image> {
  const builder = testBuilder(name);
  const image = uniqueImage(builder.registry);
  const volume = ["--volume-size", "100Mi", "--cache-name", `same-${name}`];
  const args = [...builder.flags, "--transport", transport, ...volume, "-t", image, from.path];
  await mustBuild(namespace, args, from.stdin === undefined ? {} : { stdin: from.stdin });
  return builder.read(image);
}

/** The files of the image of each way, in the same order. */
async function imagesOf(
  seed: number,
  ways: readonly (readonly [Source, transport: string, BuilderName])[],
  forGit = false,
): Promise<readonly unknown[]> {
  const root = await treeOf(seed, forGit);
  const images: Image[] = [];
  for (const [source, transport, name] of ways) images.push(await build(name, transport, await given(source, root)));
  // Builders keep setuid, setgid and sticky bits each in their own way (docs/reference/builders.md).
  const bits = new Set(ways.map(([, , name]) => name)).size > 1 ? 0o777 : 0o7777;
  return images.map((image) => filesOf(image, bits));
}

const sameAsFirst = (files: readonly unknown[]): unknown[] => files.map(() => files[0]);

/** Each source and each transport with each builder at least once, in a different combination for each seed. */
function waysOf(seed: number, sources: readonly Source[]): (readonly [Source, string, BuilderName])[] {
  const transports = ["configmap", "stream", "pvc", "cache"];
  const builders: BuilderName[] = ["kaniko", "buildkit", "buildah"];
  return sources.map((source, at) => [
    source,
    transports[(at + seed) % transports.length] ?? "stream",
    builders[(at + seed) % builders.length] ?? "kaniko",
  ]);
}

test("a random tree is the same image as a directory and as an archive", async () => {
  const files = await imagesOf(FIRST_SEED, [
    ["directory", "configmap", "kaniko"],
    ["zstd", "stream", "buildkit"],
  ]);
  expect(files[0]).not.toEqual([]);
  expect(files).toEqual(sameAsFirst(files));
});

test.for(Array.from({ length: TREES }, (_, at) => FIRST_SEED + at))(
  "random tree %i is the same image from every source",
  async (seed) => {
    const ways = waysOf(seed, ["directory", "tar", "gzip", "bzip2", "xz", "zstd", "url"]);
    const files = await imagesOf(seed, ways);
    expect(files).toEqual(sameAsFirst(files));
    const gitWays = waysOf(seed, ["directory", "repository", "gzip"]);
    const fromGit = await imagesOf(seed, gitWays, true);
    expect(fromGit).toEqual(sameAsFirst(fromGit));
  },
);
