/** The same tree as a directory, as an archive of any kind and as a repository is the same packed context. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { packContext } from "../../../src/pack/pack.ts";
import { gatherContext } from "../../../src/plan/gather.ts";
import { writeTree } from "../../../src/lib/files/write-tree.ts";
import { listArchive } from "../../contract/list-archive.ts";
import { serveGit } from "../plan/source/git-server.ts";
import { fillRandomly } from "./random-tree.ts";
import { describeTree } from "./trees.ts";

/** Of trees with more than three files. */
const SEEDS = [1, 2, 3, 5, 7, 14];
const signal = new AbortController().signal;

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "slipway-same-"));
  onTestFinished(() => {
    execFileSync("chmod", ["-R", "u+rwX", directory]);
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

async function contextOf(path: string, stdin: Buffer = Buffer.alloc(0)) {
  // oxlint-disable-next-line typescript/require-await -- standard input is asynchronous
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < stdin.length; at += 10_000) yield stdin.subarray(at, at + 10_000);
  };
  return (await gatherContext({ path }, { stdin: stream, say: () => {}, signal })).context;
}

/** The files that are packed of a context, with their modes, contents and links. */
async function packed(path: string, stdin?: Buffer): Promise<string[]> {
  const context = await contextOf(path, stdin);
  const chunks: Uint8Array[] = [];
  const options = { ...context, prefix: "context/", extra: [], level: 1, onNote: () => {}, signal };
  for await (const chunk of packContext(options)) chunks.push(chunk);
  return listArchive(gunzipSync(Buffer.concat(chunks)), "context/");
}

const FORMATS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ["ustar", ["--format=ustar"]],
  ["pax", ["--format=pax"]],
  ["gnu", ["--format=gnu"]],
  ["gnu with sparse files", ["--format=gnu", "-S"]],
  ["pax with sparse files 0.0", ["--format=pax", "-S", "--sparse-version=0.0"]],
  ["pax with sparse files 0.1", ["--format=pax", "-S", "--sparse-version=0.1"]],
  ["pax with sparse files 1.0", ["--format=pax", "-S"]],
  ["ustar, gzip", ["--format=ustar", "-z"]],
  ["pax, bzip2", ["--format=pax", "-j"]],
  ["gnu, xz", ["--format=gnu", "-J"]],
  ["pax, zstd", ["--format=pax", "--zstd"]],
];

describe.each(SEEDS)("random tree %i is the same context as a directory and as", (seed) => {
  it.each(FORMATS)("%s", async (_name, args) => {
    const root = scratch();
    fillRandomly(root, seed);
    const expected = await packed(root);
    expect(expected.length).toBeGreaterThan(3);
    const tar = (names: readonly string[]): Buffer =>
      execFileSync("tar", [...args, "-cf", "-", "-C", root, ...names], { maxBuffer: 1024 ** 3 });
    expect(await packed("-", tar(["."]))).toEqual(expected);
    const bare = execFileSync(
      "sh",
      [
        "-c",
        'cd "$0" && find . -mindepth 1 -maxdepth 1 -printf "%P\\0" | tar "$@" -cf - --null --verbatim-files-from -T -',
        root,
        ...args,
      ],
      {
        maxBuffer: 1024 ** 3,
      },
    );
    expect(await packed("-", bare)).toEqual(expected);
  });

  it("a tree that was written to the disk from an archive", async () => {
    const [root, target] = [scratch(), scratch()];
    fillRandomly(root, seed);
    const archive = execFileSync("tar", ["--format=pax", "-S", "-cf", "-", "-C", root, "."], { maxBuffer: 1024 ** 3 });
    const { tree } = await contextOf("-", archive);
    if (tree === undefined) throw new Error("an archive has a tree");
    const mask = process.umask(0o077);
    try {
      await writeTree(tree, target);
    } finally {
      process.umask(mask);
    }
    expect(describeTree(target)).toEqual(describeTree(root));
    // Once more over itself, which has directories that are read-only now.
    await writeTree(tree, target);
    expect(describeTree(target)).toEqual(describeTree(root));
  });
});

it.each([11, 12])("random tree %i is the same context as a directory and as a repository", async (seed) => {
  const server = await serveGit();
  onTestFinished(() => {
    server.close();
  });
  const directory = server.add("/random.git", { first: "x" });
  fillRandomly(directory, seed, { forGit: true });
  const git = ["-c", "user.name=n", "-c", "user.email=e", "-C", directory];
  execFileSync("git", [...git, "add", "-A", "-f"]);
  execFileSync("git", [...git, "commit", "-qm", "random"]);
  const mask = process.umask(0o077);
  let clone: string[];
  try {
    clone = await packed(`${server.url}/random.git`);
  } finally {
    process.umask(mask);
  }
  const plain = scratch();
  execFileSync("cp", ["-a", `${directory}/.`, plain]);
  rmSync(join(plain, ".git"), { recursive: true });
  expect(clone).toEqual(await packed(plain));
});
