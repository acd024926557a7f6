/** Directories that their owner may not write to, and files and directories with special bits, unpacked by a user who is not root, as in the pods of buildkit and img. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { listArchive } from "../../contract/list-archive.ts";
import { MODES_DIR, MODE_PAIRS, closeDirectories } from "../../../src/plan/layout.ts";
import { Manifest } from "../../../src/pack/manifest.ts";
import { TempTree, describeTree, pack, readArchive } from "./trees.ts";

const USER = 54_321;
/** Root has to become somebody else. */
const AS_USER = process.getuid?.() === 0 ? ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"] : [];

function closedTree(): TempTree {
  const tree = new TempTree({
    "m/a/f": "f",
    "m/a/deep/g": "g",
    "m/b": "b",
    "empty/": "",
    "open/x": "x",
    "shut/in/y": "y",
    "special/setuid": "u",
    "special/setgid": "g",
    "special/not executable": "n",
    "special/sticky/s": "s",
    "special/closed/c": "c",
    "special/closed/large": "l".repeat(3_000_000),
  });
  for (const path of ["m/a/deep", "m/a", "empty"]) chmodSync(tree.at(path), 0o555);
  chmodSync(tree.at("m"), 0o500);
  chmodSync(tree.at("special/setuid"), 0o4755);
  chmodSync(tree.at("special/setgid"), 0o2711);
  chmodSync(tree.at("special/not executable"), 0o6044);
  chmodSync(tree.at("special/closed/c"), 0o4111);
  chmodSync(tree.at("special/closed/large"), 0o4755);
  chmodSync(tree.at("special/closed"), 0o2000);
  chmodSync(tree.at("special/sticky"), 0o1777);
  chmodSync(tree.at("special"), 0o2555);
  chmodSync(tree.at("shut/in"), 0o000);
  chmodSync(tree.at("shut"), 0o600);
  onTestFinished(() => {
    execFileSync("chmod", ["-R", "u+rwX", tree.root]);
    tree[Symbol.dispose]();
  });
  return tree;
}

it.each([
  ["busybox", ["busybox", "tar"]],
  ["GNU tar", ["tar"]],
])("they keep their modes and files with %s", async (_name, tar) => {
  const tree = closedTree();
  const modes = { directory: MODES_DIR, pairs: MODE_PAIRS };
  const { archive, totals } = await pack(tree.root, { prefix: "", modes });
  expect(totals.entries).toBe(21);
  const target = mkdtempSync(join(tmpdir(), "slipway-read-only-"));
  onTestFinished(() => {
    execFileSync("chmod", ["-R", "u+rwX", target]);
    rmSync(target, { recursive: true });
  });
  if (AS_USER.length > 0) chownSync(target, USER, USER);
  const [program, ...args] = [...AS_USER, ...tar, "-xzpf", "-", "-C", target];
  const { status, stderr } = spawnSync(program, args, { input: archive });
  expect([status, String(stderr)]).toEqual([0, ""]);
  const [shell, ...words] = [...AS_USER, "busybox", "sh", "-ec", closeDirectories(target)];
  const closed = spawnSync(shell, words);
  expect([closed.status, String(closed.stderr)]).toEqual([0, ""]);
  expect(describeTree(target, false)).toEqual(describeTree(tree.root, false));
});

it("they are open when they are listed first, and get their modes after what is in them", async () => {
  const { archive } = await pack(closedTree().root, { prefix: "" });
  const listed = readArchive(archive).map(({ path, mode }) => `${path} ${mode.toString(8)}`);
  expect(listed.filter((line) => line.startsWith("m/a/"))).toEqual([
    "m/a/ 755",
    "m/a/deep/ 755",
    "m/a/deep/g 644",
    "m/a/f 644",
    "m/a/deep/ 555",
    "m/a/ 555",
  ]);
  expect(listArchive(gunzipSync(archive), "")).toContain('directory 500  "m"');
});

it("they are in every change of a kept context, as they have to be opened for it", () => {
  const directory = (path: string, mode: number) =>
    ({ path, kind: "directory", mode, size: 0, mtime: 0, content: "" }) as const;
  const manifest = new Manifest([directory("open", 0o755), directory("ro", 0o555)]);
  expect([...manifest.difference(new Map()).changed]).toEqual(["ro"]);
});

it("no script of a pod lets xargs read a file, whose offset a command of busybox sets back", () => {
  const source = new URL("../../../src/", import.meta.url).pathname;
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((name) => /xargs [^|\n]*< /.test(readFileSync(join(source, name), "utf8")))).toEqual([]);
});
