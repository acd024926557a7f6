/** Applies one layer to the tree, and reads the files that list packages. */
import { createHash } from "node:crypto";
import { kindOf, PARENT_DIRECTORIES } from "./catalogue.ts";
import type { Kind } from "./catalogue.ts";
import type { Contents } from "./contents.ts";
import type { FinalTree } from "./final-tree.ts";
import { readArchive } from "./read-archive.ts";
import type { Taker, TarEntry } from "../archive/tar-reader.ts";

/** A file that was read, with its digests in hexadecimal. They are absent if its content is not available. */
export interface FoundFile extends Contents {
  readonly kind: Kind;
  readonly sha1?: string;
  readonly sha256?: string;
}

export type Tree = FinalTree<FoundFile>;

/** Longest path that file systems support, in characters. */
const MAX_PATH_LENGTH = 4096;

/**
 * @param open opens the layer from its beginning. It is called a second time if a wanted file is a hard link to a file that was
 *   skipped in the first pass
 * @throws BuildFailed for a broken layer; errors of `open` are passed on
 */
export async function readLayer(tree: Tree, open: Opener): Promise<void> {
  tree.nextLayer();
  const missing: MissingLink[] = [];
  await open((bytes) => readArchive(bytes, (entry) => visit(tree, entry, missing)));
  if (missing.length > 0) await open((bytes) => readTargets(tree, bytes, missing));
}

/** Opens the layer and gives its bytes to `use`. They are valid until `use` returns. */
export type Opener = (use: (bytes: AsyncIterable<Uint8Array>) => Promise<void>) => Promise<void>;

interface MissingLink {
  readonly path: string;
  readonly target: string;
  readonly kind: Kind;
  /** Its placeholder in the tree. */
  readonly placeholder: FoundFile;
}

function visit(tree: Tree, { name, type, target, executable }: TarEntry, missing: MissingLink[]): Taker | undefined {
  if (name.length > MAX_PATH_LENGTH) return undefined;
  const path = tree.resolve(name);
  if (type === "directory") tree.directory(path);
  else if (type === "symlink" && PARENT_DIRECTORIES.has(path)) tree.symlink(path, target);
  else if (type === "link") link(tree, path, target, missing);
  else {
    // The entry replaces what was at this path, even if it lists no packages.
    tree.file(path);
    const kind = type === "file" ? kindOf(path, executable) : undefined;
    if (kind !== undefined) return take(kind, (found) => tree.file(path, found));
  }
  return undefined;
}

function link(tree: Tree, path: string, name: string, missing: MissingLink[]): void {
  const target = tree.resolve(name);
  const there = tree.get(target);
  // Programs are skipped: the target of the link has been read as a program already.
  const kind = kindOf(path, false) ?? there?.kind;
  if (kind === undefined || kind === there?.kind) {
    tree.file(path, there);
    return;
  }
  const placeholder: FoundFile = { kind, packages: [], unread: "it is a hard link to a file of another layer" };
  tree.file(path, placeholder);
  missing.push({ path, target, kind, placeholder });
}

/** Reads the targets of the links a second time, as the kind of file that the links are. */
function readTargets(tree: Tree, bytes: AsyncIterable<Uint8Array>, missing: readonly MissingLink[]): Promise<void> {
  const byTarget = Map.groupBy(missing, ({ target }) => target);
  return readArchive(bytes, ({ name, type }) => {
    if (type !== "file" || name.length > MAX_PATH_LENGTH) return undefined;
    const links = byTarget.get(tree.resolve(name)) ?? [];
    const [first] = links;
    if (first === undefined) return undefined;
    return take(first.kind, (found) => {
      for (const { path, kind, placeholder } of links) {
        // A later entry may have replaced it.
        if (tree.get(path) === placeholder && kind === first.kind) tree.file(path, found);
      }
    });
  });
}

function take(kind: Kind, done: (found: FoundFile) => void): Taker {
  const reader = kind.open();
  // Digests are only needed for files that cannot be read. Hashing every program of an image would take long.
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
