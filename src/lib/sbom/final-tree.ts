/**
 * The file tree of all layers of an image, applied in order as a container runtime does (OCI image-spec, layer.md). It keeps only the
 * wanted files, and the symlinks that lead to them.
 */
import { posix } from "node:path";

/** Prefix of a whiteout's name, and the name of the whiteout that hides everything in its directory. */
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** Prefix of metadata files of AUFS, which are not whiteouts. */
const AUFS_METADATA = ".wh..wh.";
/** Most symlinks to follow, as Linux does. */
const MAX_SYMLINKS = 40;

interface Leaf<T> {
  readonly layer: number;
  readonly value: T | { readonly symlink: string };
}

class Node<T> {
  leaf: Leaf<T> | undefined;
  readonly children = new Map<string, Node<T>>();
}

export class FinalTree<T extends object> {
  #root = new Node<T>();
  #layer = 0;

  /** Starts the next layer. */
  nextLayer(): void {
    this.#layer++;
  }

  /** A copy of the tree, to apply a layer that may be broken. */
  copy(): FinalTree<T> {
    const copy = new FinalTree<T>();
    copy.#root = copyOf(this.#root);
    copy.#layer = this.#layer;
    return copy;
  }

  /**
   * The path of an entry's name: `.`, `..` and double slashes are removed and cannot leave the tree, and kept symlinks are followed,
   * except for one at this very name. Empty for the root of the tree.
   */
  resolve(name: string): string {
    let path = posix.normalize(`/${name}`).replaceAll(/^\/|\/$/g, "");
    for (let hop = 0; hop < MAX_SYMLINKS; hop++) {
      const followed = this.#followOne(path);
      if (followed === undefined) return path;
      path = followed;
    }
    return path;
  }

  /** Adds a directory. It replaces a file, and keeps an existing directory. */
  directory(path: string): void {
    const node = this.#find(path);
    if (node !== undefined) node.leaf = undefined;
  }

  /**
   * Adds anything but a directory. It replaces what is at this path, and everything below it. A whiteout only removes.
   * @param value the value to keep for a wanted file
   */
  file(path: string, value?: T): void {
    const at = path.lastIndexOf("/") + 1;
    const [parent, name] = [path.slice(0, Math.max(at - 1, 0)), path.slice(at)];
    if (name === OPAQUE) this.#hide(parent, false);
    else if (name.startsWith(AUFS_METADATA)) return;
    else if (name.startsWith(WHITEOUT)) this.#hide(path.slice(0, at) + name.slice(WHITEOUT.length), true);
    else this.#put(path, value);
  }

  symlink(path: string, target: string): void {
    this.#put(path, { symlink: target });
  }

  get(path: string): T | undefined {
    const value = this.#find(path)?.leaf?.value;
    return value === undefined || "symlink" in value ? undefined : value;
  }

  /** The files of the final tree, with their paths. */
  *files(): Generator<[path: string, value: T]> {
    yield* filesBelow(this.#root, "");
  }

  #followOne(path: string): string | undefined {
    let node = this.#root;
    const parts = path.split("/");
    for (const [index, part] of parts.slice(0, -1).entries()) {
      const next = node.children.get(part);
      if (next === undefined) return undefined;
      const value = next.leaf?.value;
      if (value !== undefined && "symlink" in value) {
        const from = `/${parts.slice(0, index).join("/")}`;
        const target = posix.resolve(from, value.symlink, parts.slice(index + 1).join("/"));
        return target.slice(1);
      }
      node = next;
    }
    return undefined;
  }

  #find(path: string): Node<T> | undefined {
    if (path === "") return this.#root;
    let node: Node<T> | undefined = this.#root;
    for (const part of path.split("/")) {
      node = node.children.get(part);
      if (node === undefined) return undefined;
    }
    return node;
  }

  #put(path: string, value: Leaf<T>["value"] | undefined): void {
    if (path === "") return;
    if (value === undefined) {
      const there = this.#find(path);
      if (there !== undefined) {
        there.leaf = undefined;
        there.children.clear();
      }
      return;
    }
    let node = this.#root;
    for (const part of path.split("/")) {
      // A file with something below it becomes a directory.
      node.leaf = undefined;
      let next = node.children.get(part);
      if (next === undefined) node.children.set(part, (next = new Node()));
      node = next;
    }
    node.children.clear();
    node.leaf = { layer: this.#layer, value };
  }

  /** A whiteout applies to the layers below its own, at any position in its layer. */
  #hide(path: string, itself: boolean): void {
    const node = this.#find(path);
    if (node !== undefined) hideBelow(node, this.#layer, itself);
  }
}

/** Removes files of earlier layers. Returns whether anything is left. */
function hideBelow<T>(node: Node<T>, layer: number, itself: boolean): boolean {
  if (itself && node.leaf !== undefined && node.leaf.layer < layer) node.leaf = undefined;
  for (const [name, child] of node.children) if (!hideBelow(child, layer, true)) node.children.delete(name);
  return node.leaf !== undefined || node.children.size > 0;
}

function copyOf<T>(node: Node<T>): Node<T> {
  const copy = new Node<T>();
  copy.leaf = node.leaf;
  for (const [name, child] of node.children) copy.children.set(name, copyOf(child));
  return copy;
}

function* filesBelow<T extends object>(node: Node<T>, path: string): Generator<[string, T]> {
  const value = node.leaf?.value;
  if (value !== undefined && !("symlink" in value)) yield [path, value];
  for (const [name, child] of node.children) yield* filesBelow(child, path === "" ? name : `${path}/${name}`);
}
