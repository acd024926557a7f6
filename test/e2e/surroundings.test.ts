/** What surrounds the client does not change what it sends, and none of it ends in a stack trace. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { serveGit } from "../unit/plan/source/git-server.ts";
import type { GitServer } from "../unit/plan/source/git-server.ts";
import { PROGRAM } from "./support/slipway.ts";

const NOBODY = 54_321;

let server: GitServer;
/** Readable by everybody, as the home directory of the tests is not. */
let context: string;
let archive: Buffer;
beforeAll(async () => {
  server = await serveGit();
  context = mkdtempSync(join(tmpdir(), "slipway-context-"));
  mkdirSync(join(context, "d"));
  writeFileSync(join(context, "Dockerfile"), "FROM busybox\nCOPY . /a\n");
  writeFileSync(join(context, "d/run.sh"), "#!/bin/sh\necho one\n");
  chmodSync(join(context, "d/run.sh"), 0o755);
  for (const path of ["", "d"]) chmodSync(join(context, path), 0o755);
  for (const path of ["Dockerfile"]) chmodSync(join(context, path), 0o644);
  archive = execFileSync("tar", ["-cf", "-", "-C", context, "."]);
  server.add("/app.git", { Dockerfile: "FROM busybox\nCOPY . /a\n", "d/run.sh": "#!/bin/sh\necho one\n" });
});
afterAll(() => {
  server.close();
  rmSync(context, { recursive: true });
});

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  /** A shell's commands before the program. */
  readonly before?: string;
}

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Asynchronous, because the git server is in this process. */
async function slipway(
  args: readonly string[],
  { env = {}, uid, before = "" }: Surroundings,
  stdin: Buffer,
): Promise<Run> {
  const base: NodeJS.ProcessEnv = { PATH: process.env["PATH"], NO_COLOR: "1", ...env };
  const as = uid === undefined ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const [program = "", ...rest] = [...as, "sh", "-c", `${before}\nexec "$@"`, "sh", ...PROGRAM, ...args];
  const child = spawn(program, rest, { env: base, cwd: "/" });
  const ended = once(child, "close");
  // A program that refuses its input ends before it has read it.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  return { code: child.exitCode, stdout, stderr };
}

/** The main commands that need no cluster. */
const COMMANDS: Readonly<Record<string, () => readonly [args: readonly string[], stdin: Buffer]>> = {
  "build of a directory": () => [[...DRY, context], Buffer.alloc(0)],
  "build of an archive": () => [[...DRY, "-"], archive],
  "build of a repository": () => [[...DRY, `${server.url}/app.git`], Buffer.alloc(0)],
  context: () => [["context", "--list", context], Buffer.alloc(0)],
  "build --check": () => [["build", "--check", context], Buffer.alloc(0)],
  builders: () => [["builders"], Buffer.alloc(0)],
  version: () => [["version"], Buffer.alloc(0)],
};
const DRY = ["build", "--dry-run", "--reproducible", "--transport", "configmap", "-t", "r.example.com/a"];

/** Without what differs from run to run: names of objects, and the user. */
function stable(stdout: string): string {
  return stdout
    .replaceAll(/^.*slipway\.dev\/(?:user|created-by).*\n/gm, "")
    .replaceAll(/\ba-[a-z0-9]{6,}\b/g, "NAME")
    .replaceAll(/\bslipway-NAME-[0-9a-f]{16}\b/g, "slipway-NAME-OBJECT");
}

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "slipway-home-"));
  chmodSync(directory, 0o777);
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Commands that delete the working directory. `$_` is not what it is in bash for every sh. */
function gone(parent: string): string {
  return `mkdir ${parent}/g && cd ${parent}/g && rmdir ${parent}/g || exit 99`;
}

const MATRIX: Readonly<Record<string, () => Surroundings>> = {
  "a user without an entry, with a home": () => ({ uid: NOBODY, env: { HOME: scratch() } }),
  "a user without an entry and without a home": () => ({ uid: NOBODY }),
  "an empty HOME": () => ({ env: { HOME: "" } }),
  "a read-only home": () => {
    const home = scratch();
    chmodSync(home, 0o555);
    return { uid: NOBODY, env: { HOME: home } };
  },
  "umask 077": () => ({ env: { HOME: scratch() }, before: "umask 077" }),
  "umask 000": () => ({ env: { HOME: scratch() }, before: "umask 000" }),
  "another locale and time zone": () => ({
    env: { HOME: scratch(), LC_ALL: "tr_TR.UTF-8", LANGUAGE: "de", TZ: "Pacific/Kiritimati" },
  }),
  "a working directory that is gone": () => ({
    env: { HOME: scratch() },
    before: gone(scratch()),
  }),
  "git's settings": () => {
    const home = scratch();
    writeFileSync(
      join(home, ".gitconfig"),
      "[core]\n\tautocrlf = true\n\thooksPath = /nowhere\n[init]\n\ttemplateDir = /nowhere\n",
    );
    return { env: { HOME: home, GIT_DIR: "/nowhere", GIT_INDEX_FILE: "/nowhere", GIT_DEFAULT_HASH: "sha256" } };
  },
};

describe.each(Object.keys(COMMANDS))("%s is the same with", (name) => {
  const command = (): readonly [args: readonly string[], stdin: Buffer] => COMMANDS[name]?.() ?? [[], Buffer.alloc(0)];
  test.each(Object.keys(MATRIX))("%s", { tags: ["long"] }, async (surroundings) => {
    const [args, stdin] = command();
    const plain = await slipway(args, { env: { HOME: scratch() } }, stdin);
    expect([plain.code, plain.stdout === ""]).toEqual([0, false]);
    const run = await slipway(args, MATRIX[surroundings]?.() ?? {}, stdin);
    expect(run.stderr).not.toMatch(/^\s+at /m);
    expect(stable(run.stdout)).toBe(stable(plain.stdout));
    expect(run.code).toBe(0);
  });
});

describe("a directory for temporary files that", () => {
  const large = (): Buffer => {
    const root = scratch();
    writeFileSync(join(root, "Dockerfile"), "FROM scratch\nCOPY . /\n");
    writeFileSync(join(root, "data"), Buffer.alloc(20_000_000, "x"));
    return execFileSync("tar", ["-cf", "-", "-C", root, "."], { maxBuffer: 1024 ** 3 });
  };

  test("does not exist keeps no small archive from being built", async () => {
    const run = await slipway([...DRY, "-"], { env: { HOME: scratch(), TMPDIR: "/nonexistent" } }, archive);
    expect(run.code).toBe(0);
  });

  test.each(["an archive", "a repository"])(
    "does not exist is named, with a remedy, for %s",
    { tags: ["long"] },
    async (what) => {
      const args = what === "an archive" ? [...DRY, "-"] : [...DRY, `${server.url}/app.git`];
      const run = await slipway(
        args,
        { env: { HOME: scratch(), TMPDIR: "/nonexistent" } },
        what === "an archive" ? large() : Buffer.alloc(0),
      );
      expect(run.stderr).toContain("ERROR: the directory for temporary files, /nonexistent, does not exist\n");
      expect(run.stderr).toContain("TMPDIR=/path/to/directory slipway");
      expect(run.code).toBe(125);
    },
  );

  test("is full is named, with a remedy, and is left empty", async () => {
    const directory = scratch();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory]);
    onTestFinished(() => void execFileSync("umount", [directory]));
    const run = await slipway([...DRY, "-"], { env: { HOME: scratch(), TMPDIR: directory } }, large());
    expect(run.stderr).toContain(`ERROR: the directory for temporary files, ${directory}, is full\n`);
    expect(execFileSync("ls", ["-A", directory], { encoding: "utf8" })).toBe("");
  });
});

test("a relative context in a working directory that is gone is one sentence", async () => {
  const run = await slipway([...DRY, "."], { env: { HOME: scratch() }, before: gone(scratch()) }, Buffer.alloc(0));
  expect(run.stderr).not.toMatch(/^\s+at /m);
  // A runtime may warn first.
  expect(run.stderr).toMatch(/^ERROR: the working directory is gone, and a relative path needs it\n {2}- \S/m);
  expect(run.code).toBe(1);
});
