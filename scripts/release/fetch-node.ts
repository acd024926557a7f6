/** Fetches Node for a platform: npm's tarball, checked against its pinned hash, and of it the program and the licence. */
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar";
import { NODE_PACKAGES, NODE_VERSION } from "./node-packages.ts";
import type { Target } from "./node-packages.ts";
import { mustRun } from "./run.ts";

export interface FetchedNode {
  readonly program: string;
  /** Path of its licences. The package for Windows has no such file. */
  readonly licence: string;
}

/**
 * @param directory is made, and keeps what was fetched for the next time
 * @throws Error if the tarball is not the pinned one
 */
export async function fetchNode(target: Target, directory: string): Promise<FetchedNode> {
  const { name, integrity, program } = NODE_PACKAGES[target];
  const kept = join(directory, `${name}-${NODE_VERSION}`);
  const fetched = { program: join(kept, program), licence: join(kept, "LICENSE") };
  if (await exists(kept)) return fetched;
  await mkdir(directory, { recursive: true });
  const partial = await mkdtemp(join(directory, "partial-"));
  try {
    await mustRun("npm", ["pack", "--silent", "--pack-destination", partial, `${name}@${NODE_VERSION}`]);
    const tarball = join(partial, `${name}-${NODE_VERSION}.tgz`);
    assertIntegrity(`${name}@${NODE_VERSION}`, await readFile(tarball), integrity);
    const unpacked = join(partial, "unpacked");
    await mkdir(unpacked);
    await extract({ file: tarball, cwd: unpacked, strip: 1 }, [`package/${program}`, "package/LICENSE"]);
    await rename(unpacked, kept);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return fetched;
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
