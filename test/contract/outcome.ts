/** The visible results of a run of `docker build`: exit code, standard output, the kind of progress, files. */
import { createHash } from "node:crypto";
import { lstat, readFile, readdir, readlink } from "node:fs/promises";
import { join, relative } from "node:path";
import { list } from "tar";
import { Names } from "./names.ts";
import type { Run } from "./look-alike.ts";

export interface Outcome {
  readonly args: readonly string[];
  readonly code: number | null;
  /** Lines, with an empty last one if the output ends with a line feed; or a JSON document. */
  readonly stdout: readonly string[] | Document;
  /** The contract covers only whether there is progress, and in which format, not its text. */
  readonly stderr: "empty" | "text" | "json";
  /** New, changed and removed files of the project's directory, by path. */
  readonly files: Readonly<Record<string, unknown>>;
}

/** A JSON document and its indentation. */
interface Document {
  readonly layout: string;
  readonly json: unknown;
}

interface Entry {
  readonly mode: string;
  readonly kind: "directory" | "file" | "link";
  /** The sha256 of a file, the target of a link. */
  readonly content: string;
}

/** The entries below a directory, by path. */
export type Snapshot = ReadonlyMap<string, Entry>;

/** Reads the entries below a directory. */
export async function snapshot(root: string): Promise<Snapshot> {
  const entries = new Map<string, Entry>();
  for (const found of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(found.parentPath, found.name);
    const mode = ((await lstat(path)).mode & 0o7777).toString(8);
    const name = relative(root, path);
    if (found.isDirectory()) entries.set(name, { mode, kind: "directory", content: "" });
    else if (found.isSymbolicLink()) entries.set(name, { mode, kind: "link", content: await readlink(path) });
    else {
      const content = createHash("sha256")
        .update(await readFile(path))
        .digest("hex");
      entries.set(name, { mode, kind: "file", content });
    }
  }
  return entries;
}

/** Makes the outcome of a run. @param before the project's entries before the run */
export async function outcomeOf(
  root: string,
  args: readonly string[],
  { code, stdout, stderr }: Run,
  before: Snapshot,
): Promise<Outcome> {
  const after = await snapshot(root);
  const names = new Names(root);
  const files: Record<string, unknown> = {};
  for (const path of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [was, is] = [before.get(path), after.get(path)];
    if (is === undefined) files[path] = "gone";
    else if (was?.mode !== is.mode || was.content !== is.content || was.kind !== is.kind) {
      files[path] = await describe(join(root, path), is, names);
    }
  }
  return {
    args: args.map((arg) => names.in(arg)),
    code,
    stdout: documentOf(stdout, names) ?? names.in(stdout).split("\n"),
    stderr: shapeOf(stderr),
    files,
  };
}

async function describe(path: string, { mode, kind, content }: Entry, names: Names): Promise<object> {
  if (kind === "directory") return { mode, kind };
  if (kind === "link") return { kind, to: content };
  if (path.endsWith(".tar")) {
    const entries: string[] = [];
    await list({ file: path, onReadEntry: (entry) => void entries.push(entry.path) });
    // The order of the entries differs in each run, so digests get no numbers here.
    const archive = entries.map((entry) => entry.replaceAll(/\b[0-9a-f]{64}\b/g, "<digest>"));
    return { mode, archive: [...new Set(archive)].sort() };
  }
  const text = await readFile(path, "utf8");
  return { mode, ...(documentOf(text, names) ?? { text: names.in(text) }) };
}

function documentOf(text: string, names: Names): Document | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object") return undefined;
    const laidOut = JSON.stringify(value, undefined, 2);
    // Go's encoder escapes these characters, so that JSON can be embedded in HTML.
    const escaped = laidOut.replaceAll(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
    const isLaidOut = [laidOut, escaped].includes(text.replace(/\n$/, ""));
    const layout = `${isLaidOut ? "two blanks" : "other"}, ${text.endsWith("\n") ? "a" : "no"} line feed`;
    return { layout, json: names.inJson(value) };
  } catch {
    return undefined;
  }
}

function shapeOf(stderr: string): Outcome["stderr"] {
  if (stderr === "") return "empty";
  try {
    for (const line of stderr.trimEnd().split("\n")) JSON.parse(line);
    return "json";
  } catch {
    return "text";
  }
}
