/**
 * The tree that an image's layers make together, laid one over the other as its runtime does (OCI image-spec, layer.md): of it only
 * the files that were asked for, and symlinks that change where they are.
 */
import { posix } from "node:path";

/** Of a whiteout: what its name begins with, and the name by which a directory hides all that was in it. */
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** Names that are neither: notes of a file system of old to itself. */
const NOTE = ".wh..wh.";
/** As many symlinks as Linux follows. */
const HOPS = 40;

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

  /** What is laid over it from now on belongs to another layer. */
  nextLayer(): void {
    this.#layer++;
  }

  /** The same tree, to lay over it what may prove broken. */
  copy(): FinalTree<T> {
    const copy = new FinalTree<T>();
    copy.#root = copyOf(this.#root);
    copy.#layer = this.#layer;
    return copy;
  }

  /**
   * Where an entry's name leads: without `.`, `..` and doubled slashes, which cannot leave the tree, and through the symlinks that are
   * kept, except for one that has this name itself. Empty for the tree's root.
   */
  resolve(name: string): string {
    let path = posix.normalize(`/${name}`).replaceAll(/^\/|\/$/g, "");
    for (let hop = 0; hop < HOPS; hop++) {
      const followed = this.#followOne(path);
      if (followed === undefined) return path;
      path = followed;
    }
    return path;
  }

  /** Lays a directory over what is there: it stays, if it is one. */
  directory(path: string): void {
    const node = this.#find(path);
    if (node !== undefined) node.leaf = undefined;
  }

  /**
   * Lays over it anything but a directory: what is there goes, with all below it. Of a whiteout nothing stays.
   * @param value of a file that was asked for
   */
  file(path: string, value?: T): void {
    const at = path.lastIndexOf("/") + 1;
    const [parent, name] = [path.slice(0, Math.max(at - 1, 0)), path.slice(at)];
    if (name === OPAQUE) this.#hide(parent, false);
    else if (name.startsWith(NOTE)) return;
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

  /** The files that are there in the end, by their paths. */
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
      // What is below a file is a directory from now on.
      node.leaf = undefined;
      let next = node.children.get(part);
      if (next === undefined) node.children.set(part, (next = new Node()));
      node = next;
    }
    node.children.clear();
    node.leaf = { layer: this.#layer, value };
  }

  /** A whiteout is about the layers below its own, wherever in its layer it stands. */
  #hide(path: string, itself: boolean): void {
    const node = this.#find(path);
    if (node !== undefined) hideBelow(node, this.#layer, itself);
  }
}

/** Whether anything is left. */
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
