/** Looks into the context for files that the builder could not put into the image, because Kubernetes mounts its own over them. */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { normalize } from "node:path/posix";
import { canBuild, refuseFeatures } from "../../builders/dockerfile-features.ts";
import type { Builder } from "../../builders/builder.ts";
import { HEAD_LENGTH, archiveKind } from "../../lib/archive/kind.ts";
import { parseDockerfile } from "../../lib/dockerfile/parse.ts";
import { findPodFileUses } from "../../lib/dockerfile/pod-files.ts";
import { isInTree } from "../../lib/files/file-tree.ts";
import type { FileTree } from "../../lib/files/file-tree.ts";
import { toBytes } from "../../lib/files/path-bytes.ts";
import { openIfRegular } from "../../lib/files/regular-file.ts";
import { trimChars } from "../../lib/text/linear.ts";
import type { BuildPlan } from "../../plan/plan.ts";

/** @throws BuilderUnable with the line of the COPY or ADD. An archive is refused without looking into it. */
export async function refusePodFiles(plan: BuildPlan, { defaultImage }: Builder): Promise<void> {
  const { text } = plan.dockerfile;
  const feature = "copy-pod-file";
  if (text === undefined || plan.context === undefined) return;
  if (canBuild(feature, plan.builder, plan.builderImage, defaultImage)) return;
  const { root, tree } = plan.context;
  const isThere = async (path: string): Promise<boolean> =>
    tree === undefined ? exists(join(root, path)) : isInTree(tree, pathIn(path));
  const isPacked = async (path: string): Promise<boolean> =>
    tree === undefined ? isArchive(join(root, path)) : isArchiveIn(tree, path);
  for (const { use, line } of findPodFileUses(parseDockerfile(text), new Map(plan.buildArgs))) {
    if (use.kind !== "context") continue;
    const there = await Promise.all([...use.files.map(isThere), ...use.archives.map(isPacked)]);
    if (there.includes(true))
      refuseFeatures(
        [{ feature, line }],
        plan.builder,
        plan.builderImage,
        defaultImage,
        plan.keepSeconds !== undefined,
      );
  }
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/** The same as `isArchive`, for a context that came as an archive. */
function isArchiveIn(tree: FileTree, path: string): boolean {
  try {
    using file = tree.open(pathIn(path));
    const head = Buffer.alloc(HEAD_LENGTH);
    return archiveKind(head.subarray(0, file.read(head, 0, HEAD_LENGTH))) !== undefined;
  } catch {
    // A directory, or not there.
    return false;
  }
}

function pathIn(path: string): string {
  const plain = trimChars(normalize(path), "/");
  return plain === "." ? "" : toBytes(plain);
}

async function isArchive(file: string): Promise<boolean> {
  const handle = await openIfRegular(file);
  if (handle === undefined) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_LENGTH), 0, HEAD_LENGTH);
    return archiveKind(buffer.subarray(0, bytesRead)) !== undefined;
  } catch {
    // A directory.
    return false;
  } finally {
    await handle.close();
  }
}
