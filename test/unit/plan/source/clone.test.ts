/** A clone is the repository's own bytes, whatever surrounds it, and its submodules get no credentials that are not theirs. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { clone } from "../../../../src/plan/source/clone.ts";
import type { CloneOptions } from "../../../../src/plan/source/clone.ts";
import type { GitSource } from "../../../../src/plan/source/git-url.ts";
import { limitsOf } from "../../../../src/plan/source/source-limits.ts";
import { serveGit } from "./git-server.ts";
import type { GitServer } from "./git-server.ts";

let server: GitServer;
/** The same repositories under another name: another host. */
let other: GitServer;
let home: string;
beforeAll(async () => {
  server = await serveGit((path) => path.includes("private"));
  other = await serveGit((path) => path.includes("private"));
});
afterAll(() => {
  server.close();
  other.close();
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "slipway-home-"));
  server.seen.length = 0;
  other.seen.length = 0;
  vi.stubEnv("HOME", home);
  vi.stubEnv("XDG_CONFIG_HOME", join(home, ".config"));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });
});

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "slipway-clone-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

interface Wanted extends Partial<CloneOptions["access"]> {
  readonly limits?: Partial<CloneOptions["limits"]>;
  readonly source?: Partial<GitSource>;
}

/** Clones into a new directory. */
async function cloned(remote: string, { limits, source, ...access }: Wanted = {}): Promise<string> {
  const directory = scratch();
  await clone({ remote, keepGitDir: false, ...source }, directory, {
    access: { submodules: [], none: false, ...access },
    limits: { ...limitsOf({}), ...limits },
    signal: new AbortController().signal,
  });
  return directory;
}

/** Path, mode and bytes of everything. */
function contents(directory: string): Record<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const found = statSync(join(directory, name));
      const mode = (found.mode & 0o7777).toString(8);
      return [name, found.isFile() ? `${mode} ${readFileSync(join(directory, name), "utf8")}` : mode];
    }),
  );
}

describe("a clone does not depend on", () => {
  const files = {
    Dockerfile: "FROM scratch\n",
    "run.sh": "#!/bin/sh\n",
    "d/f": "one\ntwo\n",
    ".gitattributes": "*.f filter=mine\n",
    "x.f": "x\n",
  };
  const plain = {
    Dockerfile: "644 FROM scratch\n",
    "run.sh": "755 #!/bin/sh\n",
    d: "755",
    "d/f": "644 one\ntwo\n",
    ".gitattributes": "644 *.f filter=mine\n",
    "x.f": "644 x\n",
  };
  let remote = "";
  beforeAll(() => {
    server.add("/team/plain.git", files);
    remote = `${server.url}/team/plain.git`;
  });

  it.each<[string, string]>([
    ["line ends", "[core]\n\tautocrlf = true\n\tsafecrlf = true\n\teol = crlf\n"],
    ["attributes", "[core]\n\tattributesFile = ~/attributes\n"],
    ["templates", "[init]\n\ttemplateDir = ~/template\n"],
    ["hooks", "[core]\n\thooksPath = ~/template/hooks\n"],
    ["the repository's format", "[init]\n\tdefaultObjectFormat = sha256\n\tdefaultRefFormat = reftable\n"],
    [
      "filters",
      '[filter "mine"]\n\tsmudge = touch ~/ran\n\tclean = touch ~/ran\n\tprocess = touch ~/ran\n\trequired = true\n',
    ],
    ["watchers", "[core]\n\tfsmonitor = touch ~/ran\n"],
    ["file modes", "[core]\n\tfileMode = false\n\tsymlinks = false\n\tsharedRepository = 0600\n"],
    ["sparse checkouts", "[core]\n\tsparseCheckout = true\n"],
  ])("the user's settings about %s", async (_what, configuration) => {
    writeFileSync(join(home, ".gitconfig"), configuration);
    writeFileSync(join(home, "attributes"), "* text eol=crlf\n");
    mkdirSync(join(home, "template/hooks"), { recursive: true });
    for (const hook of ["post-checkout", "reference-transaction"]) {
      writeFileSync(join(home, "template/hooks", hook), `#!/bin/sh\ntouch ${home}/ran hook-was-here\n`);
      chmodSync(join(home, "template/hooks", hook), 0o755);
    }
    expect(contents(await cloned(remote))).toEqual(plain);
    expect(readdirSync(home)).not.toContain("ran");
  });

  it.each([0o000, 0o022, 0o077])("the umask (%o)", async (mask) => {
    const own = process.umask(mask);
    try {
      expect(contents(await cloned(remote))).toEqual(plain);
      expect(process.umask(mask)).toBe(mask);
    } finally {
      process.umask(own);
    }
  });

  it("the variables of a hook, and changes nothing in the repository that they name", async () => {
    const victim = server.add("/team/victim.git", { mine: "mine\n" });
    const before = readdirSync(join(victim, ".git"), { recursive: true, encoding: "utf8" }).sort();
    const config = readFileSync(join(victim, ".git/config"), "utf8");
    for (const [name, value] of Object.entries({
      GIT_DIR: join(victim, ".git"),
      GIT_WORK_TREE: victim,
      GIT_INDEX_FILE: join(victim, ".git/index"),
      GIT_OBJECT_DIRECTORY: join(victim, ".git/objects"),
      GIT_COMMON_DIR: join(victim, ".git"),
      GIT_PREFIX: "sub/",
      GIT_TEMPLATE_DIR: join(home, "template"),
      GIT_DEFAULT_HASH: "sha256",
      GIT_NAMESPACE: "other",
      GIT_LITERAL_PATHSPECS: "1",
    }))
      vi.stubEnv(name, value);
    expect(contents(await cloned(remote))).toEqual(plain);
    vi.unstubAllEnvs();
    expect(readdirSync(join(victim, ".git"), { recursive: true, encoding: "utf8" }).sort()).toEqual(before);
    expect(readFileSync(join(victim, ".git/config"), "utf8")).toBe(config);
    expect(execFileSync("git", ["-C", victim, "status", "--porcelain"], { encoding: "utf8" })).toBe("");
  });

  it("settings in variables, except for those about access", async () => {
    vi.stubEnv("GIT_CONFIG_COUNT", "2");
    vi.stubEnv("GIT_CONFIG_KEY_0", "core.autocrlf");
    vi.stubEnv("GIT_CONFIG_VALUE_0", "true");
    vi.stubEnv("GIT_CONFIG_KEY_1", `url.${server.url}/.insteadOf`);
    vi.stubEnv("GIT_CONFIG_VALUE_1", "https://git.example.com/");
    expect(contents(await cloned("https://git.example.com/team/plain.git"))).toEqual(plain);
  });

  it("what was there before: its scratch directories are gone", async () => {
    vi.stubEnv("TMPDIR", home);
    await clone({ remote, keepGitDir: false }, scratch(), {
      access: { submodules: [], none: false },
      limits: limitsOf({}),
      signal: new AbortController().signal,
    });
    expect(readdirSync(home).filter((name) => name.startsWith("slipway-git-"))).toEqual([]);
  });
});

it("the user's credentials count for the repository itself, and not with --no-credentials", async () => {
  server.add("/team/private.git", { f: "secret\n" });
  writeFileSync(join(home, ".gitconfig"), "[credential]\n\thelper = store\n");
  writeFileSync(join(home, ".git-credentials"), `${server.url.replace("//", "//user:password@")}\n`);
  const remote = `${server.url}/team/private.git`;
  expect(contents(await cloned(remote))).toEqual({ f: "644 secret\n" });
  server.seen.length = 0;
  await expect(cloned(remote, { none: true })).rejects.toThrow(/^git could not fetch http:/);
  expect(server.seen.filter((line) => line.includes("user:"))).toEqual([]);
});

describe("a submodule", () => {
  const login = (): void => {
    writeFileSync(join(home, ".gitconfig"), "[credential]\n\thelper = store\n");
    writeFileSync(
      join(home, ".git-credentials"),
      `${[server, other].map(({ url }) => url.replace("//", "//user:password@")).join("\n")}\n`,
    );
    writeFileSync(join(home, ".netrc"), "machine 127.0.0.1 login user password password\n", { mode: 0o600 });
  };
  beforeAll(() => {
    server.add("/team/private-lib.git", { lib: "lib\n" });
    server.add("/corp/private.git", { secret: "secret\n" });
    server.add("/team/open.git", { open: "open\n" });
    other.add("/corp/private.git", { secret: "secret\n" });
    other.add("/corp/open.git", { open: "open\n" });
    // The commits have to be known to the server that records them.
    server.add("/evil/same-host.git", { a: "a\n" }, { lib: `${server.url}/corp/private.git` });
    server.add("/team/same-owner.git", { a: "a\n" }, { lib: "../private-lib.git" });
    server.add("/team/open-only.git", { a: "a\n" }, { lib: "../open.git" });
    server.add("/team/nested.git", { a: "a\n" }, { deep: "../same-owner.git" });
  });

  it("of the same host and owner gets credentials, and so does one in it", async () => {
    login();
    expect(contents(await cloned(`${server.url}/team/nested.git`))).toMatchObject({
      a: "644 a\n",
      "deep/a": "644 a\n",
      "deep/lib/lib": "644 lib\n",
    });
  });

  it("that everybody may read is fetched without credentials", async () => {
    login();
    await cloned(`${server.url}/team/open-only.git`);
    expect(server.seen.filter((line) => line.startsWith("/team/open.git") && line.includes("user:"))).toEqual([]);
  });

  it("of another owner gets none, and the error says how to give them", async () => {
    login();
    const remote = `${server.url}/evil/same-host.git`;
    const error: unknown = await cloned(remote).catch((fault: unknown) => fault);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^the submodule lib could not be fetched without your credentials: /) as string,
      suggestions: expect.arrayContaining([
        expect.stringContaining(`--submodule-credentials ${new URL(server.url).host}/corp`),
      ]) as string[],
    });
    expect(server.seen.filter((line) => line.startsWith("/corp/") && line.includes("user:"))).toEqual([]);
    const allowed = await cloned(remote, { submodules: [`${new URL(server.url).host}/corp`] });
    expect(contents(allowed)).toMatchObject({ "lib/secret": "644 secret\n" });
  });

  it("of another host gets none", async () => {
    login();
    // Both servers made the same commit of the same files.
    other.add("/corp/lib/private.git", { z: "z\n" });
    server.add("/corp/lib/private.git", { z: "z\n" });
    server.add("/evil/other-host.git", { a: "a\n" }, { lib: `${other.url}/corp/lib/private.git` });
    await expect(cloned(`${server.url}/evil/other-host.git`)).rejects.toThrow("without your credentials");
    expect(other.seen.length).toBeGreaterThan(0);
    expect(other.seen.filter((line) => line.includes("user:"))).toEqual([]);
  });

  it("gets none with --no-credentials, also if its owner is the same", async () => {
    login();
    await expect(cloned(`${server.url}/team/same-owner.git`, { none: true })).rejects.toThrow(
      "without your credentials",
    );
    expect(server.seen.filter((line) => line.includes("user:"))).toEqual([]);
  });

  it.each(["/etc", "file:///etc", "ext::touch ran", "../../../../etc", "-oProxyCommand=touch"])(
    "at %s is refused",
    async (url) => {
      const directory = server.add(`/evil/${Buffer.from(url).toString("hex")}.git`, {
        a: "a\n",
        ".gitmodules": `[submodule "x"]\n\tpath = x\n\turl = ${url}\n\tupdate = !touch ran\n`,
      });
      const git = ["-C", directory, "-c", "user.name=n", "-c", "user.email=e"];
      const commit = execFileSync("git", [...git, "rev-parse", "HEAD"], { encoding: "utf8" }).trim();
      execFileSync("git", [...git, "update-index", "--add", "--cacheinfo", `160000,${commit},x`]);
      execFileSync("git", [...git, "commit", "-qm", "x"]);
      writeFileSync(join(home, ".gitconfig"), "[protocol]\n\tallow = always\n");
      await expect(cloned(`${server.url}/evil/${Buffer.from(url).toString("hex")}.git`)).rejects.toThrow(
        /^the submodule x /,
      );
    },
  );
});

describe.each(["sha1", "sha256"] as const)("a repository with hashes of %s is cloned from", (format) => {
  let remote = "";
  let commits: readonly string[] = [];
  beforeAll(() => {
    const at = (name: string): string => `/${format}/${name}.git`;
    server.add(at("lib"), { lib: "lib\n" }, {}, format);
    const directory = server.add(at("app"), { f: "first\n" }, { lib: "../lib.git" }, format);
    const git = (...args: string[]): string =>
      execFileSync("git", ["-C", directory, "-c", "user.name=n", "-c", "user.email=e", ...args], { encoding: "utf8" });
    git("tag", "v1");
    writeFileSync(join(directory, "f"), "second\n");
    git("add", "f");
    git("commit", "-qm", "second");
    commits = git("rev-list", "--reverse", "HEAD").trim().split("\n");
    git("checkout", "-q", "-b", "dev");
    writeFileSync(join(directory, "f"), "dev\n");
    git("add", "f");
    git("commit", "-qm", "dev");
    git("checkout", "-q", "main");
    remote = `${server.url}${at("app")}`;
  });

  it.each<[string, string, () => Partial<GitSource>]>([
    ["its default branch", "second", () => ({})],
    ["a branch", "dev", () => ({ ref: "dev" })],
    ["a tag", "first", () => ({ ref: "v1" })],
    ["a full ref", "first", () => ({ ref: "refs/tags/v1" })],
    ["a commit", "first", () => ({ ref: commits[0] ?? "" })],
    ["a short commit", "first", () => ({ ref: commits[0]?.slice(0, 10) ?? "" })],
    ["a tag whose commit is known", "first", () => ({ ref: "v1", commit: commits[0] ?? "" })],
  ])(`%s, with ${format}`, async (_name, text, source) => {
    // A user's default has no effect.
    writeFileSync(join(home, ".gitconfig"), "[init]\n\tdefaultObjectFormat = sha256\n");
    vi.stubEnv("GIT_DEFAULT_HASH", "sha256");
    const directory = await cloned(remote, { source: source() });
    expect(contents(directory)).toMatchObject({ f: `644 ${text}\n`, "lib/lib": "644 lib\n" });
  });

  it(`a history that is kept, with ${format}`, async () => {
    const directory = await cloned(remote, { source: { keepGitDir: true } });
    expect(readFileSync(join(directory, ".git/HEAD"), "utf8").trim()).toBe(commits[1]);
  });

  it(`nothing, if the commit is another one, with ${format}`, async () => {
    await expect(cloned(remote, { source: { ref: "dev", commit: commits[0] ?? "" } })).rejects.toThrow(
      `expected checksum to match ${commits[0]}, got `,
    );
    await expect(cloned(remote, { source: { ref: "nowhere" } })).rejects.toThrow(`${remote} has no ref nowhere`);
  });
});

it("runs no hook of the cloned repository or of its submodule, though the user's hooks are at a relative path", async () => {
  const ran = scratch();
  const hooks = (name: string): Record<string, string> =>
    Object.fromEntries(
      ["post-checkout", "reference-transaction", "post-index-change"].map((hook) => [
        `.githooks/${hook}`,
        `#!/bin/sh\ntouch ${ran}/${name}-${hook}\n`,
      ]),
    );
  server.add("/hooks/inner.git", hooks("inner"));
  server.add("/hooks/outer.git", hooks("outer"), { sub: "../inner.git" });
  writeFileSync(join(home, ".gitconfig"), "[core]\n\thooksPath = .githooks\n");
  const directory = await cloned(`${server.url}/hooks/outer.git`);
  expect(readFileSync(join(directory, "sub/.githooks/post-checkout"), "utf8")).toContain("inner-post-checkout");
  expect(readdirSync(ran)).toEqual([]);
});

it("leaves no password in the history that is kept", async () => {
  server.add("/team/private-history.git", { f: "f\n" });
  const remote = `${server.url.replace("//", "//user:password@")}/team/private-history.git`;
  const directory = await cloned(remote, { source: { keepGitDir: true } });
  expect(contents(join(directory, ".git"))).toHaveProperty("HEAD");
  expect(JSON.stringify(contents(join(directory, ".git")))).not.toContain("password");
});

describe("a repository is refused before its files are written", () => {
  beforeAll(() => {
    server.add("/big/repository.git", { "a/1": "1".repeat(1000), "a/2": "2".repeat(1000), "a/3": "3".repeat(1000) });
  });

  it.each([
    [{ entries: 3 }, "has more than 3 files, links and directories, which is the limit"],
    [{ bytes: 2500 }, "has more than 2.5 kB of files, which is the limit"],
  ])("%o", async (limits, message) => {
    const directory = scratch();
    const options = { access: { submodules: [], none: false }, signal: new AbortController().signal };
    const work = clone({ remote: `${server.url}/big/repository.git`, keepGitDir: false }, directory, {
      ...options,
      limits: { ...limitsOf({}), ...limits },
    });
    await expect(work).rejects.toThrow(message);
    expect(readdirSync(directory)).toEqual([".git"]);
  });
});
