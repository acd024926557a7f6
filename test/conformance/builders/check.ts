/** Differences between an image and the expectations of a case, as sentences. */
import { isDeepStrictEqual } from "node:util";
import type { Image, ImageFile } from "../../e2e/support/registry.ts";
import type { ExpectedFile, FeatureCase, FileFacts } from "./case.ts";
import { fill } from "./context.ts";
import type { Names } from "./context.ts";

const KINDS: Readonly<Record<string, string>> = {
  File: "file",
  OldFile: "file",
  ContiguousFile: "file",
  Directory: "directory",
  SymbolicLink: "symlink",
  Link: "hardlink",
  FIFO: "fifo",
};

export function differencesOf(image: Image, one: FeatureCase, names: Names): string[] {
  const named = (text: string): string => fill(text, one, names);
  const found: string[] = [];
  for (const [pattern, expected] of Object.entries(one.expect.files ?? {})) {
    const path = named(pattern);
    found.push(...fileDifferences(image, path, expected, named));
  }
  for (const [pattern, expected] of Object.entries(one.expect.lists ?? {})) {
    const directory = named(pattern);
    const wanted = expected.map(named).sort();
    const there = namesIn(image, directory);
    if (!isDeepStrictEqual(there, wanted)) {
      found.push(`/${directory} has [${there.join(", ")}], should have [${wanted.join(", ")}]`);
    }
  }
  const config = image.config.config as Readonly<Record<string, unknown>>;
  for (const [key, value] of Object.entries(one.expect.config ?? {})) {
    const wanted = JSON.parse(named(JSON.stringify(value))) as unknown;
    const there = config[key] ?? null;
    if (!(key === "Env" ? sameEntries(there, wanted) : holds(there, wanted))) {
      found.push(`${key} is ${JSON.stringify(there)}, should be ${JSON.stringify(wanted)}`);
    }
  }
  return found;
}

/** The order of variables is irrelevant: they are expanded already. */
function sameEntries(there: unknown, wanted: unknown): boolean {
  return isDeepStrictEqual(new Set(there as string[]), new Set(wanted as string[]));
}

/** Maps may have more entries than expected, because cases share an image. An empty value equals a missing one. */
function holds(there: unknown, wanted: unknown): boolean {
  if (wanted === null) return there === null || (Array.isArray(there) && there.length === 0);
  if (typeof wanted !== "object" || Array.isArray(wanted) || typeof there !== "object" || there === null) {
    return isDeepStrictEqual(there, wanted);
  }
  return Object.entries(wanted).every(([key, value]) =>
    isDeepStrictEqual((there as Readonly<Record<string, unknown>>)[key], value),
  );
}

function namesIn(image: Image, directory: string): string[] {
  const start = directory === "" ? "" : `${directory}/`;
  const names = new Set<string>();
  for (const path of image.files.keys()) {
    if (path.startsWith(start)) names.add(path.slice(start.length).split("/")[0] ?? "");
  }
  return [...names].sort();
}

function fileDifferences(
  image: Image,
  path: string,
  expected: ExpectedFile,
  named: (text: string) => string,
): string[] {
  const there = image.files.get(path);
  if (expected.kind === "absent") return there === undefined ? [] : [`/${path} is there`];
  if (there === undefined) return [`/${path} is missing`];
  if (expected.kind === "hardlink") {
    return contentName(image, path) === contentName(image, named(expected.of))
      ? []
      : [
          `/${path} is a ${KINDS[there.type] ?? there.type} of its own, should be a hard link to /${named(expected.of)}`,
        ];
  }
  const wanted = sentence(expected, named);
  const seen = sentenceOf(resolve(image, path, there), expected);
  return seen === wanted ? [] : [`/${path} is a ${seen}, should be a ${wanted}`];
}

/** The path of the content, if the file is a hard link. */
function contentName(image: Image, path: string): string {
  const there = image.files.get(path);
  return there?.type === "Link" ? contentName(image, plain(there.link)) : path;
}

function resolve(image: Image, path: string, there: ImageFile): ImageFile {
  return there.type === "Link" ? (image.files.get(contentName(image, path)) ?? there) : there;
}

const plain = (path: string): string => path.replace(/^\.?\//, "");

function sentence(
  expected: Exclude<ExpectedFile, { kind: "absent" | "hardlink" }>,
  named: (text: string) => string,
): string {
  if (expected.kind === "symlink") return `symlink to ${named(expected.target)}`;
  const content =
    expected.kind !== "file"
      ? ""
      : expected.text === undefined
        ? ` sha256:${expected.sha256 ?? ""}`
        : ` ${JSON.stringify(named(expected.text))}`;
  return `${expected.kind} ${facts(expected, expected.kind === "directory")}${content}`;
}

function facts(expected: FileFacts, isDirectory: boolean): string {
  const { mode = isDirectory ? 0o755 : 0o644, owner = "0:0", mtime, xattrs } = expected;
  return `${mode.toString(8)} ${owner}${mtime === undefined ? "" : ` of ${mtime}`}${xattrs === undefined ? "" : ` with ${xattrs.join(", ")}`}`;
}

function sentenceOf(there: ImageFile, expected: ExpectedFile): string {
  const kind = KINDS[there.type] ?? there.type;
  if (kind === "symlink") return `symlink to ${there.link}`;
  const asked = expected as FileFacts;
  const seen: FileFacts = {
    mode: there.mode,
    owner: `${there.uid}:${there.gid}`,
    ...(asked.mtime === undefined ? {} : { mtime: there.mtime }),
    ...(asked.xattrs === undefined ? {} : { xattrs: there.xattrs.length === 0 ? ["no attributes"] : there.xattrs }),
  };
  const content =
    kind !== "file"
      ? ""
      : expected.kind === "file" && expected.text === undefined
        ? ` sha256:${there.sha256}`
        : ` ${JSON.stringify(there.text)}`;
  return `${kind} ${facts(seen, kind === "directory")}${content}`;
}
