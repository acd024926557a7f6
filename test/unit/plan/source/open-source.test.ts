/** Contexts other than a directory: real archives, a real web server, a real git server. */
import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { zstdCompressSync } from "node:zlib";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { gatherContext } from "../../../../src/plan/gather.ts";
import type { ContextInputs } from "../../../../src/plan/gather.ts";
import { treeOf } from "../../../../src/pack/tree.ts";
import { REQUEST } from "../sample.ts";

const DOCKERFILE = "FROM scratch\nCOPY . /\n";
let project: string;
let tar: Buffer;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "slipway-source-"));
  await mkdir(join(project, "sub"));
  await writeFile(join(project, "Dockerfile"), DOCKERFILE);
  await writeFile(join(project, "sub/Dockerfile"), "FROM sub\n");
  await writeFile(join(project, ".dockerignore"), "*.log\n");
  await writeFile(join(project, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  await symlink("/etc", join(project, "out"));
  tar = execFileSync("tar", ["-cf", "-", "-C", project, "."]);
});
afterAll(() => rm(project, { recursive: true }));

function gather(path: string, stdin: Uint8Array | string = "", file?: string): Promise<ContextInputs> {
  // oxlint-disable-next-line typescript/require-await -- standard input is asynchronous
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from(stdin);
    // In pieces smaller than a tar's header.
    for (let at = 0; at < bytes.length; at += 200) yield bytes.subarray(at, at + 200);
  };
  return gatherContext(
    { ...REQUEST, path, ...(file === undefined ? {} : { file }) },
    { stdin: stream, say: () => {}, signal: new AbortController().signal },
  );
}

describe("standard input", () => {
  it.each([
    ["tar", []],
    ["gzip", ["gzip", "-c"]],
    ["bzip2", ["bzip2", "-c"]],
    ["xz", ["xz", "-c"]],
    ["zstd", ["zstd", "-qc"]],
  ])("as an archive, %s", async (_name, [program, ...args]) => {
    const bytes = program === undefined ? tar : execFileSync(program, args, { input: tar });
    const { context, dockerfile } = await gather("-", bytes);
    expect(dockerfile.text).toBe(DOCKERFILE);
    expect(Buffer.from(context.ignoreFile ?? []).toString()).toBe("*.log\n");
    expect(treeOf(context).names("").sort()).toEqual([".dockerignore", "Dockerfile", "out", "run.sh", "sub"]);
    expect((await gather("-", bytes, "sub/Dockerfile")).dockerfile.text).toBe("FROM sub\n");
  });

  it("standard input may be an archive of several zstd frames, as pzstd makes them", async () => {
    const frames: Buffer[] = [];
    for (let at = 0; at < tar.length; at += 1000) frames.push(zstdCompressSync(tar.subarray(at, at + 1000)));
    const { context } = await gather("-", Buffer.concat(frames));
    expect(treeOf(context).names("").sort()).toEqual([".dockerignore", "Dockerfile", "out", "run.sh", "sub"]);
  });

  it("standard input may be a Dockerfile, with an empty context", async () => {
    const { context, dockerfile } = await gather("-", "FROM alpine\n");
    expect(dockerfile.text).toBe("FROM alpine\n");
    expect(treeOf(context).names("")).toEqual([]);
  });

  it("standard input may be the Dockerfile of a directory, whose ignore file applies", async () => {
    const { context, dockerfile } = await gather(project, "FROM stdin\n", "-");
    expect(dockerfile.text).toBe("FROM stdin\n");
    expect(context).toMatchObject({ root: project, ignoreFile: Buffer.from("*.log\n") });
  });

  it.each([
    ["both", "-", "-", "x", "invalid argument: can't use stdin for both build context and dockerfile"],
    [
      "two Dockerfiles",
      "-",
      "f",
      "FROM x",
      "ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles",
    ],
    ["nothing", "-", undefined, "", "standard input is empty: it is neither an archive nor a Dockerfile"],
  ])("is refused as %s", async (_what, path, file, stdin, message) => {
    await expect(gather(path, stdin, file)).rejects.toThrow(message);
  });

  it("truncated standard input is refused", async () => {
    const gzip = execFileSync("gzip", ["-c"], { input: tar });
    await expect(gather("-", gzip.subarray(0, gzip.length - 40))).rejects.toThrow(
      /^the archive from standard input cannot be unpacked: /,
    );
    const xz = execFileSync("xz", ["-c"], { input: tar });
    await expect(gather("-", xz.subarray(0, xz.length - 40))).rejects.toThrow(
      /^the archive from standard input cannot be unpacked: /,
    );
    await expect(gather("-", tar.subarray(0, 1024 + 5))).rejects.toThrow(
      /^the archive from standard input cannot be unpacked: /,
    );
  });

  it("cannot lead out of the context", async () => {
    await expect(gather("-", tar, "out/passwd")).rejects.toThrow("no out/passwd in the context");
    const evil = await mkdtemp(join(tmpdir(), "slipway-evil-"));
    onTestFinished(() => rm(evil, { recursive: true }));
    await symlink("/etc/passwd", join(evil, "Dockerfile"));
    const bytes = execFileSync("tar", ["-cf", "-", "-C", evil, "Dockerfile"]);
    await expect(gather("-", bytes)).rejects.toThrow("no Dockerfile in the context");
    const climbing = execFileSync("tar", ["-cPf", "-", "--transform=s,^,../climbed/,", "Dockerfile"], { cwd: project });
    await gather("-", climbing).catch(() => {});
    expect(await readdir(tmpdir())).not.toContain("climbed");
  });
});

describe("a URL", () => {
  let base = "";
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    if (path === "/ctx.tar.gz") response.end(execFileSync("gzip", ["-c"], { input: tar }));
    else if (path === "/moved") response.writeHead(302, { location: "/ctx.tar.gz" }).end();
    else if (path === "/Dockerfile") response.end("FROM web\n");
    else if (path === "/round") response.writeHead(302, { location: "/round" }).end();
    else if (path === "/large") response.end("x".repeat(3 * 1024 * 1024));
    else response.writeHead(404).end();
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it("a URL may be an archive, also after a redirect", async () => {
    for (const path of ["/ctx.tar.gz", "/moved"]) expect((await gather(base + path)).dockerfile.text).toBe(DOCKERFILE);
    expect((await gather(`${base}/ctx.tar.gz`, "FROM stdin\n", "-")).dockerfile.text).toBe("FROM stdin\n");
  });

  it("a URL may be a Dockerfile, as the context or with -f", async () => {
    expect((await gather(`${base}/Dockerfile`)).dockerfile.text).toBe("FROM web\n");
    expect(await gather(project, "", `${base}/Dockerfile`)).toMatchObject({
      context: { root: project },
      dockerfile: { text: "FROM web\n" },
    });
  });

  it("a URL that cannot be fetched is refused", async () => {
    await expect(gather(`${base}/none`)).rejects.toThrow("cannot be fetched: the server answered 404");
    await expect(gather(`${base}/round`)).rejects.toThrow("redirects too many times");
    await expect(gather(project, "", `${base}/large`)).rejects.toThrow("bigger than allowed max size (2MB)");
    await expect(gather("http://127.0.0.1:1/x")).rejects.toThrow(/^http:\/\/127\.0\.0\.1:1\/x cannot be fetched: /);
  });
});

describe("a repository", () => {
  let base = "";
  let commit = "";
  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), "slipway-git-"));
    const repository = join(directory, "app.git");
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", repository, "-c", "user.name=n", "-c", "user.email=e", ...args], { encoding: "utf8" });
    execFileSync("git", ["init", "-q", "-b", "main", repository]);
    const add = async (text: string) => {
      await writeFile(join(repository, "Dockerfile"), text);
      git("add", "-A");
      git("commit", "-qm", text.trim());
    };
    await mkdir(join(repository, "sub"));
    await writeFile(join(repository, "sub/Dockerfile"), "FROM sub\n");
    await add("FROM one\n");
    git("tag", "v1");
    commit = git("rev-parse", "HEAD").trim();
    await add("FROM two\n");
    git("checkout", "-q", "-b", "feature/x");
    await add("FROM feature\n");
    git("checkout", "-q", "main");
    const port = 20_000 + (process.pid % 20_000);
    const daemon = spawn(
      "git",
      ["daemon", "--reuseaddr", "--export-all", "--listen=127.0.0.1", `--port=${port}`, `--base-path=${directory}`],
      { stdio: "ignore", detached: true },
    );
    await answers(port);
    base = `git://127.0.0.1:${port}/app.git`;
    return async () => {
      if (daemon.pid !== undefined) process.kill(-daemon.pid);
      await rm(directory, { recursive: true });
    };
  });

  it.each([
    ["", "FROM two\n"],
    ["#v1", "FROM one\n"],
    ["#feature/x", "FROM feature\n"],
    ["?tag=v1", "FROM one\n"],
    ["?branch=main", "FROM two\n"],
    ["#main:sub", "FROM sub\n"],
  ])("%s", async (rest, text) => {
    const { context, dockerfile } = await gather(base + rest);
    expect(dockerfile.text).toBe(text);
    expect(await readdir(context.root)).not.toContain(".git");
  });

  it("a repository may be given by a full or abbreviated commit, and by one that is not the tip of a branch", async () => {
    for (const rest of [`#${commit}`, `#${commit.slice(0, 8)}`, `?tag=v1&commit=${commit.slice(0, 8)}`]) {
      expect((await gather(base + rest)).dockerfile.text).toBe("FROM one\n");
    }
    await expect(gather(`${base}?branch=main&commit=${commit}`)).rejects.toThrow(
      `expected checksum to match ${commit}, got `,
    );
  });

  it("a repository keeps its .git if the URL asks for it", async () => {
    const { context } = await gather(`${base}?keep-git-dir=1`);
    expect(await readFile(join(context.root, ".git/HEAD"), "utf8")).toMatch(/^[0-9a-f]{40}\n$/);
  });

  it("a repository that does not exist is refused", async () => {
    await expect(gather(`${base}#nowhere`)).rejects.toThrow(`${base} has no ref nowhere`);
    await expect(gather(`${base}#main:nowhere`)).rejects.toThrow("the repository has no directory nowhere");
    await expect(gather(`${base}#main:../..`)).rejects.toThrow("the repository has no directory ../..");
    await expect(gather(base.replace("app.git", "none.git"))).rejects.toThrow(/^git could not fetch git:/);
  });
});

async function answers(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.unref();
    });
    if (open) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error(`nothing listens on port ${port}`);
}
