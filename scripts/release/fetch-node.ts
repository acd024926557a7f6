/** Fetches Node for a platform: npm's tarball, checked against its pinned hash, and of it the program and the licence. */
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar";
import { NODE_PACKAGES, NODE_VERSION } from "./node-packages.ts";
import type { NodePackage, Target } from "./node-packages.ts";
import { mustRun } from "./run.ts";

export interface FetchedNode {
  readonly program: string;
  /** Path of its licences. The package for Windows has no such file. */
  readonly licence: string;
}

/**
 * @param directory is made, and keeps the tarball for the next time. It is checked each time, and unpacked anew: what was unpacked
 *   earlier may have been changed
 * @throws Error if the tarball is not the pinned one
 */
export async function fetchNode(target: Target, directory: string): Promise<FetchedNode> {
  return fetchNodePackage(NODE_PACKAGES[target], NODE_VERSION, directory);
}

/** As `fetchNode`, of another version. */
export async function fetchNodePackage(
  { name, integrity, program }: NodePackage,
  version: string,
  directory: string,
): Promise<FetchedNode> {
  const kept = join(directory, `${name}-${version}`);
  const fetched = { program: join(kept, program), licence: join(kept, "LICENSE") };
  await mkdir(directory, { recursive: true });
  const tarball = `${kept}.tgz`;
  const partial = await mkdtemp(join(directory, "partial-"));
  try {
    if (!(await exists(tarball))) {
      await mustRun("npm", ["pack", "--silent", "--pack-destination", partial, `${name}@${version}`]);
      await rename(join(partial, `${name}-${version}.tgz`), tarball);
    }
    const bytes = await readFile(tarball);
    await refuseOther(`${name}@${version}`, bytes, integrity, tarball);
    const checked = join(partial, "checked.tgz");
    await writeFile(checked, bytes);
    const unpacked = join(partial, "unpacked");
    await mkdir(unpacked);
    await extract({ file: checked, cwd: unpacked, strip: 1 }, [`package/${program}`, "package/LICENSE"]);
    await rm(kept, { recursive: true, force: true });
    await rename(unpacked, kept);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return fetched;
}

/** Removes a tarball that is not the pinned one, so that the next run fetches it again. */
async function refuseOther(name: string, bytes: Buffer, integrity: string, tarball: string): Promise<void> {
  try {
    assertIntegrity(name, bytes, integrity);
  } catch (error) {
    await rm(tarball, { force: true });
    throw error;
  }
}

/**
 * @param integrity as npm writes it: the hash's name, then base64
 * @throws Error with both hashes if they differ
 */
export function assertIntegrity(name: string, bytes: Buffer, integrity: string): void {
  const algorithm = integrity.slice(0, integrity.indexOf("-"));
  const found = `${algorithm}-${createHash(algorithm).update(bytes).digest("base64")}`;
  if (found !== integrity) throw new Error(`${name} is not the pinned one: its hash is ${found}, not ${integrity}`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
