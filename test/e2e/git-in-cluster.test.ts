/** `--git-in-cluster`: the builder clones the context, by the real git server, and nothing but objects travels from here. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveGit } from "../conformance/builders/git-server.ts";
import type { Git, GitServer } from "../conformance/builders/git-server.ts";
import { BUSYBOX, build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { Marks, newMark } from "./support/marks.ts";
import { madeFromNow, objectsIn, useNamespace } from "./support/namespace.ts";
import { ADDRESS } from "./support/own-registry.ts";
import { readImage } from "./support/registry.ts";
import { makeThreeCommits } from "./support/three-commits.ts";

type Builder = "kaniko" | "buildkit";

/** Of accounts that may neither exec into pods nor make Secrets, and with kaniko make nothing but a Job. */
const LEAST = {
  kaniko: useNamespace({ rbac: ["--git-in-cluster", "--no-secrets", "--builder=kaniko"] }),
  buildkit: useNamespace({ rbac: ["--git-in-cluster", "--no-secrets", "--builder=buildkit"] }),
};
const least = LEAST.kaniko;
const namespace = useNamespace();
const TOKEN = newMark();
const marks = new Marks({ token: TOKEN });

let open: GitServer;
let closed: GitServer;
let first = "";

async function fill(work: string, git: Git): Promise<void> {
  first = await makeThreeCommits(work, git, "RUN grep . /which.txt");
}

beforeAll(async () => {
  closed = await serveGit(ADDRESS, { fill, token: TOKEN });
  open = await serveGit(ADDRESS, { fill });
});
afterAll(() => Promise.all([open, closed].map((server) => server[Symbol.asyncDispose]())));

/** Of a test's table, which is read before there are servers. */
function urlOf(text: string): string {
  return text
    .replace("OPEN", open.url)
    .replace("CLOSED", closed.url)
    .replace("FIRST", first)
    .replace("NOWHERE", "ab".repeat(20))
    .replace("ADDRESS", ADDRESS);
}

async function whichIn(image: string): Promise<string | undefined> {
  return (await readImage(image)).files.get("which.txt")?.text.trim();
}

async function podOf(image: string, where = namespace): Promise<string> {
  const pods = JSON.parse(await kubectl(["get", "pods", "-n", where.name, "-o", "json"])) as { items: object[] };
  const found = pods.items.find((pod) => JSON.stringify(pod).includes(image));
  return JSON.stringify(found ?? "there is no such pod");
}

describe.each<Builder>(["kaniko", "buildkit"])("%s clones", (builder) => {
  const least = LEAST[builder];

  test.each([
    ["the default branch", "", [], "two"],
    ["a branch", "#dev", [], "three"],
    ["a branch, written out", "#refs/heads/dev", [], "three"],
    ["a tag", "#v1", [], "one"],
    ["a tag of a query", "?tag=v1", [], "one"],
    ["a commit", "#FIRST", [], "one"],
    ["a directory, and a Dockerfile in it", "#dev:app", ["-f", "Dockerfile.web"], "three below"],
  ] as const)("%s", { tags: ["long"] }, async (_name, rest, flags, which) => {
    const image = uniqueImage();
    const run = await mustBuild(least, [
      `--builder=${builder}`,
      "--git-in-cluster",
      "--no-credentials",
      "--progress=plain",
      ...flags,
      "-t",
      image,
      urlOf(`OPEN${rest}`),
    ]);
    const { files } = await readImage(image);
    expect(files.get("which.txt")?.text).toBe(`${which}\n`);
    expect([...files.keys()].filter((path) => path.startsWith(".git"))).toEqual([]);
    expect(files.has("left-out.log")).toBe(builder === "buildkit" && which === "three below");
    expect(run.stderr).toContain(`=> the builder clones ${open.url}: its Dockerfile is not read or checked here`);
    expect(run.stderr).not.toMatch(/=> (?:pack|ship|cloning)/);
    const pod = await podOf(image, least);
    expect(pod).not.toContain('"initContainers"');
    expect(pod).not.toContain('"name":"context"');
  });

  test("a private repository with a token that is only in the build's Secret", async () => {
    const image = uniqueImage();
    const args = [
      `--builder=${builder}`,
      "--git-in-cluster",
      "--progress=plain",
      "--secret",
      "id=GIT_AUTH_TOKEN,env=T",
    ];
    const env = { T: `${TOKEN}\n` };
    const run = await mustBuild(namespace, [...args, "-t", image, `${closed.url}#main`], { env });
    expect(await whichIn(image)).toBe("two");
    const dryRun = await build(namespace, [...args, "--dry-run", "-t", image, closed.url], { env });
    expect(dryRun.stdout).toContain("kind: Job");
    const jobs = await kubectl(["get", "jobs,pods,events", "-n", namespace.name, "-o", "json"]);
    expect(jobs).toContain(image);
    expect(marks.in([run.output, dryRun.output, jobs].join("\n"))).toEqual([]);
    expect((await objectsIn(namespace.name)).filter((name) => /^(?:secret|configmap)\//.test(name))).toEqual([]);
  });

  test("a token that never passes the client", { tags: ["long"] }, async () => {
    const image = uniqueImage();
    await kubectl(["create", "secret", "generic", builder, "-n", least.name, `--from-literal=token=${TOKEN}`]);
    const secret = `id=GIT_AUTH_TOKEN,k8s=${builder}/token`;
    const flags = [`--builder=${builder}`, "--git-in-cluster", "--no-credentials", "--secret", secret];
    await mustBuild(least, [...flags, "-t", image, closed.url]);
    expect(await whichIn(image)).toBe("two");
  });

  test.each([
    ["a ref that is not there", "OPEN#nowhere", 1, /(?:no branch or tag|no ref) nowhere/, /Name a branch, a tag or/],
    ["a commit that is not there", "OPEN#NOWHERE", 1, /no (?:commit|ref) (?:ab){20}/, /Name a branch/],
    ["a directory that is not there", "OPEN#main:nowhere", 1, /no (?:directory )?nowhere/, /^/],
    ["a Dockerfile that is not there", "OPEN#main:app", 1, /found no Dockerfile in the repository/, /-f/],
    ["a repository that wants a token", "CLOSED", 4, /not authorised to clone/, /GIT_AUTH_TOKEN/],
    ["a server that is not there", "http://ADDRESS:1/a.git", 1, /pod cannot connect to the repository/, /remove/],
  ] as const)(
    "and for %s ends with a sentence, and leaves nothing",
    { tags: ["long"] },
    async (_name, url, code, sentence, remedy) => {
      const flags = [`--builder=${builder}`, "--git-in-cluster", "--no-credentials", "--progress=plain", "--ttl=1s"];
      const run = await build(least, [...flags, "-t", uniqueImage(), urlOf(url)]);
      expect(run.code).toBe(code);
      const said = run.stderr.slice(run.stderr.lastIndexOf("ERROR"));
      expect(said.split("\n")[0]).toMatch(sentence);
      expect(said).toMatch(remedy);
      const jobs = async () => (await objectsIn(least.name)).filter((name) => name.startsWith("job.batch/"));
      const name = /create: (\S+)/.exec(run.stderr)?.[1] ?? "";
      await expect.poll(jobs).not.toContain(`job.batch/${name}`);
    },
  );
});

test.each<[Builder, string]>([
  ["kaniko", "kaniko fetches no submodules (?submodules=1 asks for them), and leaves .git in the context"],
  ["buildkit", "buildkit does not apply a .dockerignore to a repository that it clones"],
])("%s has another context than one that is sent, and that is said", { tags: ["long"] }, async (builder, sentence) => {
  const flags = [`--builder=${builder}`, "--git-in-cluster", "--no-credentials", "--progress=plain"];
  const run = await mustBuild(LEAST[builder], [...flags, "-t", uniqueImage(), open.url]);
  expect(run.stderr).toContain(`WARNING: ${sentence}`);
});

test("kaniko fetches the submodules of a branch if the URL asks for them", { tags: ["long"] }, async () => {
  await using other = await serveGit(ADDRESS);
  await using server = await serveGit(ADDRESS, {
    fill: async (work, git) => {
      await writeFile(join(work, "Dockerfile"), `FROM ${BUSYBOX}\nCOPY lib /lib/\n`);
      await git("submodule", "--quiet", "add", other.url, "lib");
      await git("add", ".");
      await git("commit", "-q", "-m", "with a submodule");
    },
  });
  const image = uniqueImage();
  await mustBuild(least, ["--git-in-cluster", "--no-credentials", "-t", image, `${server.url}?submodules=1`]);
  expect((await readImage(image)).files.get("lib/committed.txt")?.text).toBe("second\n");
});

test("with --detach the build needs nothing more of its client", { tags: ["long"] }, async () => {
  const image = uniqueImage();
  const { stdout } = await mustBuild(namespace, ["--git-in-cluster", "--detach", "-t", image, open.url]);
  expect(stdout.trim()).toMatch(/^slipway-/);
  await expect.poll(() => whichIn(image).catch(() => undefined)).toBe("two");
});

test.each([
  ["by a builder that clones nothing", ["--builder=buildah"], "OPEN", "buildah cannot do --git-in-cluster"],
  ["of a directory", [], ".", "--git-in-cluster needs a git repository to clone, and . is not one"],
  ["of standard input", [], "-", "--git-in-cluster needs a git repository to clone, and standard input is not one"],
  ["with a Dockerfile from here", ["-f", "-"], "OPEN", "and -f - is standard input"],
  ["that is only to be checked", ["--check"], "OPEN", "--check reads the Dockerfile on this machine"],
] as const)(
  "a build %s is refused before anything is created",
  { tags: ["long"] },
  async (_name, flags, url, sentence) => {
    const made = await madeFromNow(namespace.name);
    const run = await build(namespace, [...flags, "-t", uniqueImage(), urlOf(url)], {
      env: { SLIPWAY_GIT_IN_CLUSTER: "true" },
    });
    expect(run.code).toBe(125);
    expect(run.stderr).toContain(sentence);
    expect(await made()).toEqual([]);
  },
);

test("--base-registry sends the credentials for that registry", async () => {
  const registry = environment("REGISTRY_AUTH");
  await using server = await serveGit(ADDRESS, {
    fill: async (work, git) => {
      await writeFile(join(work, "Dockerfile"), `FROM ${registry}/busybox:1.35\n`);
      await git("add", ".");
      await git("commit", "-q", "-m", "from a private base");
    },
  });
  const login = `${environment("REGISTRY_AUTH_USER")}:${environment("REGISTRY_AUTH_PASSWORD")}`;
  const auths = { [registry]: { auth: Buffer.from(login).toString("base64") } };
  const env = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths }) };
  const args = ["--git-in-cluster", "-t", uniqueImage(), server.url];
  const without = await build(namespace, args, { env });
  expect(without.code).toBe(4);
  expect(without.stderr).toContain(`not authorised to pull from ${registry}`);
  await mustBuild(namespace, ["--base-registry", registry, ...args], { env });
});
