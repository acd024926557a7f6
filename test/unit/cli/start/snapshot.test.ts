/** The program from a snapshot, as an executable starts it, against the program from its file. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = new URL("../../../../", import.meta.url).pathname;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let directory: string;
let blob: string;
let made: Ended;

function run(
  args: readonly string[],
  { cwd = directory, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: directory, KUBECONFIG: join(directory, "kubeconfig"), ...env },
  });
  return { code: status, stdout, stderr };
}

async function bundle(entry: string): Promise<string> {
  const outfile = join(directory, `${entry}.cjs`);
  await build({
    entryPoints: [`${ROOT}src/cli/start/${entry}.ts`],
    outfile,
    bundle: true,
    format: "cjs",
    platform: "node",
    logLevel: "silent",
  });
  return outfile;
}

const fromSnapshot = (...args: readonly string[]): string[] => ["--snapshot-blob", blob, "slipway", ...args];
const fromFile = (...args: readonly string[]): string[] => [`${ROOT}bin/run.js`, ...args];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-snapshot-"));
  await writeFile(join(directory, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
  await writeFile(join(directory, "kubeconfig"), "apiVersion: v1\nkind: Config\n");
  blob = join(directory, "blob");
  const main = await bundle("snapshot");
  // What is different here must not be found again in a start.
  const env = { HOME: "/made-here", NO_COLOR: "1", SLIPWAY_BUILDER: "img", NODE_NO_WARNINGS: "1" };
  made = run(["--snapshot-blob", blob, "--build-snapshot", main], { cwd: ROOT, env });
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe("the program from a snapshot", () => {
  it("is made without a warning", () => {
    expect(made).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it.each([
    "--version",
    "build --help",
    "build --check .",
    "build --no-such-flag .",
    "builders inspect buildkit",
    "completion bash",
    "config",
    "no-such-command",
    "rbac",
    "build -t registry.example/app -o - .",
  ])("does the same: slipway %s", (typed) => {
    const args = typed.split(" ");
    const wanted = run(fromFile(...args));
    expect(run(fromSnapshot(...args))).toEqual(wanted);
    expect(wanted.stdout + wanted.stderr).not.toBe("");
  });

  it("has the environment, the directory and the colours of its own start", async () => {
    const project = join(directory, "project");
    await mkdir(project, { recursive: true });
    await writeFile(join(project, "Dockerfile"), "FROM scratch\nCOPI . /\n");
    for (const env of [{ FORCE_COLOR: "1" }, { SLIPWAY_BUILDER: "makisu" }, { SLIPWAY_BUILDER: "none" }]) {
      for (const args of [["build", "--check", "."], ["config"], ["build", "--dry-run", "--name", "one", "."]]) {
        const options = { cwd: project, env };
        expect(run(fromSnapshot(...args), options)).toEqual(run(fromFile(...args), options));
      }
    }
  });

  it("makes other random names at each start", () => {
    const args = fromSnapshot("build", "--dry-run", "-t", "registry.example/app", ".");
    const [one, other] = [run(args), run(args)].map(({ stdout }) => /name: (slipway-\S+)/.exec(stdout)?.[1]);
    expect(one).toBeDefined();
    expect(one).not.toBe(other);
  });
});

it("what differs from machine to machine and from start to start is refused while a snapshot is made, and works after that", async () => {
  const guard = await bundle("snapshot-guard");
  const expressions = [
    "process.env.HOME",
    "process.argv",
    "process.getuid()",
    "process.stdin",
    "require('fs').readFileSync('/dev/null')",
    "require('fs/promises').readFile('/dev/null')",
    "require('os').homedir()",
    "require('os').availableParallelism()",
    "require('crypto').randomBytes(4)",
    "require('node:crypto').randomUUID()",
    "Math.random()",
    "Date.now()",
    "performance.now()",
    "setTimeout(() => {}, 1)",
  ];
  const script = `
    const { Guard } = require(${JSON.stringify(guard)});
    const taken = require("crypto").randomBytes;
    const guard = new Guard();
    const apart = require("crypto").randomBytes;
    const said = [];
    for (const run of [${expressions.map((expression) => `() => ${expression}`).join(",")}]) {
      try { run(); said.push("not refused"); } catch (error) { said.push(error.message.replace(/ when it is loaded.*/, "")); }
    }
    guard.end();
    const works = [apart(4).length, require("crypto").randomBytes === taken, typeof process.env.PATH, process.cwd()];
    console.log(JSON.stringify({ said, works }));`;
  const { stdout, stderr } = run(["-e", script]);
  expect(stderr).toBe("");
  const { said, works } = JSON.parse(stdout) as { said: string[]; works: unknown[] };
  expect(said.filter((text) => !text.startsWith("a module uses "))).toEqual([]);
  expect(said).toHaveLength(expressions.length);
  expect(works).toEqual([4, true, "string", directory]);
});
