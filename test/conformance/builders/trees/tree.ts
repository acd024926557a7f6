/** An image as a list of facts, and where two of them are not the same. */
import type { Image, ImageFile } from "../../../e2e/support/registry.ts";
import { plainPath } from "../../../e2e/support/registry.ts";

/** By `/PATH`, or by `config NAME`; what there is to say of it but the time of its last change. */
export type Tree = ReadonlyMap<string, string>;

export interface TreeDifference {
  /** A path, or `config NAME`. */
  readonly where: string;
  readonly expected: string;
  readonly seen: string;
}

const NOT_THERE = "not there";
const CONFIGURATION = [
  "Cmd",
  "Entrypoint",
  "Env",
  "ExposedPorts",
  "Healthcheck",
  "Labels",
  "OnBuild",
  "Shell",
  "StopSignal",
  "User",
  "Volumes",
  "WorkingDir",
];

/** Pure. */
export function treeOf({ files, config }: Image): Tree {
  const tree = new Map<string, string>();
  const names = new Map<string, string[]>();
  for (const path of files.keys()) {
    const content = contentPath(files, path);
    names.set(content, [...(names.get(content) ?? []), `/${path}`]);
  }
  for (const path of files.keys()) {
    const content = contentPath(files, path);
    const others = (names.get(content) ?? []).filter((name) => name !== `/${path}`);
    const linked = others.length === 0 ? "" : ` linked with ${others.sort().join(", ")}`;
    tree.set(`/${path}`, `${facts(files.get(content))}${linked}`);
  }
  const values = config.config as Readonly<Record<string, unknown>>;
  for (const name of CONFIGURATION) tree.set(`config ${name}`, JSON.stringify(sorted(values[name])) ?? "null");
  return tree;
}

/** Pure; in order of names. */
export function compareTrees(expected: Tree, seen: Tree): TreeDifference[] {
  return [...new Set([...expected.keys(), ...seen.keys()])]
    .sort()
    .map((where) => ({ where, expected: expected.get(where) ?? NOT_THERE, seen: seen.get(where) ?? NOT_THERE }))
    .filter((one) => one.expected !== one.seen);
}

/** The path under which the content of a hard link stands. */
function contentPath(files: Image["files"], path: string): string {
  const there = files.get(path);
  return there?.type === "Link" && files.has(plainPath(there.link)) ? contentPath(files, plainPath(there.link)) : path;
}

function facts(file: ImageFile | undefined): string {
  if (file === undefined) return NOT_THERE;
  if (file.type === "SymbolicLink") return `symlink to ${file.link}, ${file.uid}:${file.gid}`;
  const isFile = /^(?:Old|Contiguous)?File$/.test(file.type);
  const kind = isFile ? "file" : file.type === "Directory" ? "directory" : file.type;
  const content = isFile ? `, ${file.size} bytes, sha256 ${file.sha256.slice(0, 12)}` : "";
  const xattrs = file.xattrs.length === 0 ? "" : `, with ${[...file.xattrs].sort().join(", ")}`;
  return `${kind} ${file.mode.toString(8)} ${file.uid}:${file.gid}${content}${xattrs}`;
}

/** Empty values count as absent. The order of variables and keys does not matter. */
function sorted(value: unknown): unknown {
  if (value === undefined || value === null || value === "") return null;
  if (Array.isArray(value)) {
    if (value.length === 0) return null;
    const entries = value.map(String);
    return entries.every((entry) => /^\w+=/.test(entry)) ? entries.sort() : value;
  }
  if (typeof value !== "object") return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? null : Object.fromEntries(entries);
}
