import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { assertIntegrity, fetchNode } from "../../../scripts/release/fetch-node.ts";
import { NODE_PACKAGES, NODE_VERSION, TARGETS } from "../../../scripts/release/node-packages.ts";

test("a tarball with another hash than the pinned one is refused with both hashes", () => {
  const bytes = Buffer.from("node");
  const hash = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  expect(() => assertIntegrity("node-x@1", bytes, hash)).not.toThrow();
  expect(() => assertIntegrity("node-x@1", Buffer.from("nodf"), hash)).toThrow(
    /^node-x@1 is not the pinned one: its hash is sha512-\S+, not sha512-/,
  );
});

test("each platform's Node is pinned by a SHA-512 of its own", () => {
  const pins = TARGETS.map((target) => NODE_PACKAGES[target].integrity);
  for (const pin of pins) expect(pin).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
  expect(new Set(pins).size).toBe(TARGETS.length);
});

test("what was kept from an earlier run is checked again, and removed if it is another one", async () => {
  const directory = await mkdtemp(join(tmpdir(), "slipway-node-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const [target] = TARGETS;
  const { name, program } = NODE_PACKAGES[target ?? "linux-x64"];
  const kept = join(directory, `${name}-${NODE_VERSION}`);
  // As an earlier run left it, and somebody changed it since.
  await mkdir(dirname(join(kept, program)), { recursive: true });
  await writeFile(join(kept, program), "changed");
  await writeFile(`${kept}.tgz`, "changed");
  await expect(fetchNode(target ?? "linux-x64", directory)).rejects.toThrow(/is not the pinned one/);
  expect(await readdir(directory)).toEqual([`${name}-${NODE_VERSION}`]);
});
