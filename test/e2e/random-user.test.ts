/** A client in OpenShift's way: a user with a random number, without a name, of the group root. It may not read everything that root may. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { BUSYBOX, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage, sha256 } from "./support/registry.ts";
import { PROGRAM } from "./support/slipway.ts";

const USER = 1_000_650_000;
const namespace = useNamespace();

/** A project that others may search, with files that only root may read. */
async function shut(): Promise<string> {
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nCOPY . /all/\n`,
    shut: { content: "shut\n", mode: 0o000 },
    "d/hidden": { content: "hidden\n", mode: 0o000 },
  });
  for (const path of ["", "d", "Dockerfile"]) chmodSync(join(root, path), 0o755);
  return root;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program as that user, without a home directory. */
async function slipway(args: readonly string[], stdin: Buffer): Promise<Ended> {
  const directory = mkdtempSync(join(tmpdir(), "slipway-random-user-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  copyFileSync(namespace.kubeconfig, join(directory, "config"));
  chmodSync(join(directory, "config"), 0o644);
  const as = [`--reuid=${USER}`, "--regid=0", "--clear-groups", ...PROGRAM];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("SLIPWAY_")));
  const child = spawn("setpriv", [...as, ...args, "-n", namespace.name], {
    cwd: "/",
    env: { ...env, PATH: process.env["PATH"], NO_COLOR: "1", KUBECONFIG: join(directory, "config") },
  });
  const ended = once(child, "close");
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await ended) as [number | null];
  return { code, stdout, stderr };
}

test.each([
  ["kaniko", "configmap"],
  ["kaniko", "stream"],
  ["buildkit", "configmap"],
  ["buildkit", "stream"],
])(
  "%s has the files of mode 000 of an archive that such a user sends (--transport %s)",
  { tags: ["long"] },
  async (builder, transport) => {
    const archive = execFileSync("tar", ["-cf", "-", "-C", await shut(), "."]);
    const image = uniqueImage();
    const flags = [`--builder=${builder}`, `--transport=${transport}`];
    const run = await slipway(["build", ...flags, "-t", image, "-"], archive);
    expect([run.code, run.stderr]).toEqual([0, expect.stringContaining("=> built")]);
    const { files } = await readImage(image);
    for (const [path, content] of [
      ["all/shut", "shut\n"],
      ["all/d/hidden", "hidden\n"],
    ] as const) {
      expect(files.get(path)).toMatchObject({ mode: 0o000, sha256: sha256(content) });
    }
  },
);

test("of a directory, a file that such a user may not read is named before anything is created", async () => {
  const root = await shut();
  expect(
    spawnSync("setpriv", [`--reuid=${USER}`, "--regid=0", "--clear-groups", "cat", join(root, "shut")]).status,
  ).toBe(1);
  const run = await slipway(["build", "-t", uniqueImage(), root], Buffer.alloc(0));
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/^ERROR: cannot read \S+ in the build context: permission denied$/m);
  expect(run.stderr).not.toContain("=> create");
});
