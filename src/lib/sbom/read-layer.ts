/** Lays one layer over the tree, reading on its way what says which packages there are. */
import { createHash } from "node:crypto";
import { kindOf, WAYPOINTS } from "./catalogue.ts";
import type { Kind } from "./catalogue.ts";
import type { Contents } from "./contents.ts";
import type { FinalTree } from "./final-tree.ts";
import { readArchive } from "./read-archive.ts";
import type { Taker, TarEntry } from "../archive/tar-reader.ts";

/** A file that was read, with its digests in hexadecimal: absent for one whose content is not to be had. */
export interface FoundFile extends Contents {
  readonly kind: Kind;
  readonly sha1?: string;
  readonly sha256?: string;
}

export type Tree = FinalTree<FoundFile>;

/** Longest path any file system takes, in characters. */
const LONGEST_PATH = 4096;

/**
 * @param open the layer's bytes, from their beginning: a second time where a file that is wanted is a hard link to one that, when it
 *   came by, was not
 * @throws BuildFailed for a layer that is broken, and what `open` throws
 */
export async function readLayer(tree: Tree, open: Opener): Promise<void> {
  tree.nextLayer();
  const missing: MissingLink[] = [];
  await open((bytes) => readArchive(bytes, (entry) => visit(tree, entry, missing)));
  if (missing.length > 0) await open((bytes) => readTargets(tree, bytes, missing));
}

/** Gives the bytes to what uses them, while they can be had. */
export type Opener = (use: (bytes: AsyncIterable<Uint8Array>) => Promise<void>) => Promise<void>;

interface MissingLink {
  readonly path: string;
  readonly target: string;
  readonly kind: Kind;
  /** What stands for it in the tree. */
  readonly placeholder: FoundFile;
}

function visit(tree: Tree, { name, type, target, executable }: TarEntry, missing: MissingLink[]): Taker | undefined {
  if (name.length > LONGEST_PATH) return undefined;
  const path = tree.resolve(name);
  if (type === "directory") tree.directory(path);
  else if (type === "symlink" && WAYPOINTS.has(path)) tree.symlink(path, target);
  else if (type === "link") link(tree, path, target, missing);
  else {
    // Whatever was there is gone, whether or not this says anything.
    tree.file(path);
    const kind = type === "file" ? kindOf(path, executable) : undefined;
    if (kind !== undefined) return take(kind, (found) => tree.file(path, found));
  }
  return undefined;
}

function link(tree: Tree, path: string, name: string, missing: MissingLink[]): void {
  const target = tree.resolve(name);
  const there = tree.get(target);
  // Whether it is a program is its target's to say: as such it has been read already.
  const kind = kindOf(path, false) ?? there?.kind;
  if (kind === undefined || kind === there?.kind) {
    tree.file(path, there);
    return;
  }
  const placeholder: FoundFile = { kind, packages: [], unread: "it is a hard link to a file of another layer" };
  tree.file(path, placeholder);
  missing.push({ path, target, kind, placeholder });
}

/** The links' targets once more, this time to be read as what the links are. */
function readTargets(tree: Tree, bytes: AsyncIterable<Uint8Array>, missing: readonly MissingLink[]): Promise<void> {
  const byTarget = Map.groupBy(missing, ({ target }) => target);
  return readArchive(bytes, ({ name, type }) => {
    if (type !== "file" || name.length > LONGEST_PATH) return undefined;
    const links = byTarget.get(tree.resolve(name)) ?? [];
    const [first] = links;
    if (first === undefined) return undefined;
    return take(first.kind, (found) => {
      for (const { path, kind, placeholder } of links) {
        // It may have been replaced since.
        if (tree.get(path) === placeholder && kind === first.kind) tree.file(path, found);
      }
    });
  });
}

function take(kind: Kind, done: (found: FoundFile) => void): Taker {
  const reader = kind.open();
  // They are for naming a file that cannot be read; every program of an image would take long.
  const sums = kind.guessed === true ? undefined : { sha1: createHash("sha1"), sha256: createHash("sha256") };
  return {
    write(chunk) {
      sums?.sha1.update(chunk);
      sums?.sha256.update(chunk);
      reader.write(chunk);
    },
    end() {
      const contents = reader.end();
      const digests = sums === undefined ? {} : { sha1: sums.sha1.digest("hex"), sha256: sums.sha256.digest("hex") };
      if (contents !== undefined) done({ ...contents, kind, ...digests });
    },
  };
}
