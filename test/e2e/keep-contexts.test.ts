/** Contexts of a kept builder that are not a directory of the user: repositories, archives, standard input; and times that are all the same. */
import { execFileSync } from "node:child_process";
import { readdir, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { serveGit } from "../conformance/builders/git-server.ts";
import type { Git, GitServer } from "../conformance/builders/git-server.ts";
import { BUSYBOX, uniqueImage } from "./support/build.ts";
import { useKeepClient } from "./support/keep-client.ts";
import { kubectl } from "./support/kubectl.ts";
import { Marks, newMark } from "./support/marks.ts";
import { ADDRESS } from "./support/own-registry.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import type { Image } from "./support/registry.ts";
import { makeThreeCommits } from "./support/three-commits.ts";
import type { RunOptions } from "./support/slipway.ts";

const { namespace, home, run, build } = useKeepClient();
const TOKEN = newMark();
const marks = new Marks({ token: TOKEN });
let open: GitServer;
let closed: GitServer;
let first = "";

async function fill(work: string, git: Git): Promise<void> {
  first = await makeThreeCommits(work, git, "RUN head -c 9 /dev/urandom > /stamp");
}

beforeAll(async () => {
  closed = await serveGit(ADDRESS, { fill, token: TOKEN });
  open = await serveGit(ADDRESS, { fill });
});
afterAll(() => Promise.all([open, closed].map((server) => server[Symbol.asyncDispose]())));

async function imageOf(
  args: readonly string[],
  options: RunOptions = {},
): Promise<Image & { readonly stderr: string }> {
  const image = uniqueImage();
  const ended = await build(["-t", image, ...args], options);
  if (ended.code !== 0) throw new Error(`slipway ended with ${ended.code}:\n${ended.output}`);
  return { ...(await readImage(image)), stderr: ended.stderr };
}

const REFS = [
  ["the default branch", "", [], "two"],
  ["a branch", "#dev", [], "three"],
  ["a tag of a query", "?tag=v1", [], "one"],
  ["a commit", "#FIRST", [], "one"],
  ["a directory of a branch, and a Dockerfile in it", "#dev:app", ["-f", "Dockerfile.web"], "three below"],
] as const;

describe.each([
  ["that this machine clones", []],
  ["that the builder clones", ["--git-in-cluster"]],
] as const)("a repository %s", (_, way) => {
  const inCluster = way.length > 0;

  test.each(REFS)(
    `is built from %s, ${inCluster ? "in" : "not in"} the cluster`,
    { tags: ["long"] },
    async (_name, rest, flags, which) => {
      const { files, stderr } = await imageOf([...way, ...flags, `${open.url}${rest.replace("FIRST", first)}`]);
      expect(files.get("which.txt")?.text).toBe(`${which}\n`);
      expect([...files.keys()].filter((path) => path.startsWith(".git"))).toEqual([]);
      // BuildKit does not apply an ignore file to a repository that it clones itself.
      expect(files.has("left-out.log")).toBe(inCluster && which === "three below");
      expect(stderr.includes("=> cloning ")).toBe(!inCluster);
    },
  );

  test(
    `is built from the cache when nothing changed, ${inCluster ? "in" : "not in"} the cluster`,
    { tags: ["long"] },
    async () => {
      const before = await imageOf([...way, open.url]);
      const after = await imageOf([...way, open.url]);
      expect(after.files.get("stamp")?.text).toBe(before.files.get("stamp")?.text);
      expect(after.stderr).not.toContain("ran again");
    },
  );
});

test("a private repository is cloned here with the token of its URL, which is shown nowhere", async () => {
  const { files, stderr } = await imageOf([closed.url.replace("://", `://me:${TOKEN}@`)]);
  expect(files.get("which.txt")?.text).toBe("two\n");
  expect(marks.in(stderr)).toEqual([]);
});

test(
  "a private repository is cloned by the builder with a token that it asks for, and that is in no object",
  { tags: ["long"] },
  async () => {
    const secret = ["--git-in-cluster", "--secret", "id=GIT_AUTH_TOKEN,env=T"];
    const { files, stderr } = await imageOf([...secret, `${closed.url}#v1`], { env: { T: `${TOKEN}\n` } });
    expect(files.get("which.txt")?.text).toBe("one\n");
    const objects = await kubectl(["get", "all,secrets,configmaps,events", "-n", namespace.name, "-o", "yaml"]);
    expect(objects).toContain("slipway-keep-");
    expect(marks.in(`${stderr}${objects}`)).toEqual([]);
  },
);

test.each([
  ["a ref that does not exist", "OPEN#nowhere", 1, /no (?:branch or tag|ref) nowhere/],
  ["a directory that does not exist", "OPEN#main:nowhere", 1, /no (?:directory )?nowhere/],
  ["a repository that wants a token", "CLOSED", 4, /not authorised to clone/],
  ["a server that does not exist", `http://${ADDRESS}:1/a.git`, 1, /cannot connect to the repository/],
] as const)(
  "the builder's clone of %s ends with a sentence, and the builder stays",
  { tags: ["long"] },
  async (_name, url, code, sentence) => {
    const from = url.replace("OPEN", open.url).replace("CLOSED", closed.url);
    const ended = await build(["--git-in-cluster", from]);
    const sentences = ended.stderr.split("\n").filter((line) => line.startsWith("ERROR:"));
    expect([ended.code, sentences]).toEqual([code, [expect.stringMatching(sentence)]]);
    expect((await run(["keep", "-q"])).stdout).toMatch(/^slipway-keep-/);
  },
);

/** Names in the cache directory that are kept for later builds. */
async function remembered(): Promise<string[]> {
  return (await readdir(join(home(), "slipway/kept")).catch(() => [])).filter((name) => name.endsWith(".json")).sort();
}

test("an archive on standard input is built as it is now, also when its files have the size and time of before", async () => {
  const root = await project({
    "sub/Dockerfile": `FROM ${BUSYBOX}\nCOPY . /all/\n`,
    ".dockerignore": "skipped\n",
    skipped: "no",
    f: "old",
  });
  const memory = await remembered();
  const packed = async (text: string): Promise<Image> => {
    await writeFile(join(root, "f"), text);
    await utimes(join(root, "f"), 1_700_000_000, 1_700_000_000);
    const archive = execFileSync("tar", ["-C", root, "-czf", "-", "."]);
    return imageOf(["-f", "sub/Dockerfile", "-"], { stdin: archive });
  };
  expect((await packed("old")).files.get("all/f")?.text).toBe("old");
  const { files } = await packed("new");
  expect(files.get("all/f")?.text).toBe("new");
  expect(files.has("all/skipped")).toBe(false);
  // Nothing of a directory that is gone is remembered.
  expect(await remembered()).toEqual(memory);
});

test(
  "a Dockerfile on standard input is built with a directory as its context, and without one",
  { tags: ["long"] },
  async () => {
    const root = await project({ f: "context" });
    const own = { stdin: `FROM ${BUSYBOX}\nCOPY f /f\n` };
    expect((await imageOf(["-f", "-", root], own)).files.get("f")?.text).toBe("context");
    const { files } = await imageOf(["-"], { stdin: `FROM ${BUSYBOX}\nRUN echo none > /f\n` });
    expect(files.get("f")?.text).toBe("none\n");
  },
);

test("a Dockerfile on standard input that fails is named as docker names it", async () => {
  const { code, stderr } = await build(["-"], { stdin: `FROM ${BUSYBOX}\nRUN exit 3\n` });
  expect(code).not.toBe(0);
  expect(stderr).toContain("[internal] load build definition from Dockerfile\n");
  expect(stderr).toContain("ERROR: Dockerfile line 2: `RUN exit 3` ended with exit code 3");
});

test.each([
  ["a line feed", "one\ntwo"],
  ["letters of several scripts", "Grüße 世界 \u{1F6A2}"],
  ["a control character", "a\u0007b"],
  ["bytes of a header", "a: b\tc"],
])("a directory with %s in its name is a context, and so is a Dockerfile", async (_, name) => {
  const root = await project({ [`${name}/f`]: "here", [`${name}/${name}`]: `FROM ${BUSYBOX}\nCOPY f /f\n` });
  const { files } = await imageOf(["-f", join(root, name, name), join(root, name)]);
  expect(files.get("f")?.text).toBe("here");
});

test("an archive behind a URL is the context", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY f /f\n`, f: "fetched" });
  const archive = execFileSync("tar", ["-C", root, "-czf", "-", "."]);
  const server = createServer((_request, response) => response.end(archive));
  await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect((await imageOf([`http://${ADDRESS}:${port}/context.tgz`])).files.get("f")?.text).toBe("fetched");
});

test("with --reproducible a file that is changed and keeps its size is sent", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY f /f\n`, f: "old" });
  expect((await imageOf(["--reproducible", root])).files.get("f")?.text).toBe("old");
  await writeFile(join(root, "f"), "new");
  const { files, stderr } = await imageOf(["--reproducible", root]);
  expect([files.get("f")?.text, files.get("f")?.mtime]).toEqual(["new", 0]);
  expect(stderr).not.toContain("ran again");
});
