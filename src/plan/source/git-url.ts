/** A repository as a context, as docker writes it: `URL#REF:SUBDIR`, or the same in a query (BuildKit, dockerfile/dfgitutil). */
import { InvalidInput } from "../../errors.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export interface GitSource {
  /** The URL for git. */
  readonly remote: string;
  /** Branch, tag or commit. Absent: the remote's HEAD. */
  readonly ref?: string;
  readonly subdir?: string;
  /** The expected commit: its hash, or the beginning of it. */
  readonly commit?: string;
  /** Whether to fetch submodules. Absent: not specified; docker then fetches them. */
  readonly submodules?: boolean;
  readonly keepGitDir: boolean;
}

const IMPLICIT_SSH = /^[\w-]+@[a-zA-Z0-9.-]+:(?!\/\/)/;

/**
 * Undefined if the text is not a repository: a URL with a path that does not end in `.git` is a file to download.
 * @throws InvalidInput with docker's message for an invalid query
 */
export function parseGitSource(text: string): GitSource | undefined {
  const [rest, fragment = ""] = cut(text, "#");
  const [remote, query = ""] = cut(rest, "?");
  if (!isRepository(remote)) return undefined;
  const values = queryOf(query);
  const [ref, subdir = ""] = cut(fragment, ":");
  const source = {
    ref: onlyValue(
      "ref",
      ref,
      values.get("ref"),
      prefixed("refs/tags/", values.get("tag")),
      prefixed("refs/heads/", values.get("branch")),
    ),
    subdir: onlyValue("subdir", subdir, values.get("subdir")),
    commit: onlyValue("checksum", "", values.get("checksum"), values.get("commit")),
  };
  if (source.ref?.startsWith("-") === true)
    throw new InvalidInput(`invalid ref "${source.ref}": it begins with a dash`, { docker: "refuses" });
  if (source.commit !== undefined && !/^[0-9a-f]{4,64}$/.test(source.commit)) {
    throw new InvalidInput(`invalid checksum "${source.commit}": it is not the hash of a commit`, {
      docker: "refuses",
    });
  }
  return {
    remote: remote.startsWith("github.com/") ? `https://${remote}` : remote,
    ...omitUndefined({ ref: source.ref, subdir: source.subdir, commit: source.commit }),
    ...(values.has("submodules") ? { submodules: flag("submodules", values.get("submodules")) } : {}),
    keepGitDir: values.has("keep-git-dir") && flag("keep-git-dir", values.get("keep-git-dir")),
  };
}

function isRepository(remote: string): boolean {
  if (/^(?:git|ssh):\/\//.test(remote)) return true;
  if (/^https?:\/\//.test(remote)) return remote.endsWith(".git");
  return remote.startsWith("github.com/") || IMPLICIT_SSH.test(remote);
}

const KEYS = new Set([
  "ref",
  "tag",
  "branch",
  "subdir",
  "checksum",
  "commit",
  "submodules",
  "keep-git-dir",
  "mtime",
  "fetch-by-commit",
]);

function queryOf(query: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(query)) {
    if (!KEYS.has(key))
      throw new InvalidInput(`unexpected query "${key}"`, {
        docker: "refuses",
        suggestions: [`The known keys are: ${[...KEYS].join(", ")}.`],
      });
    if (values.has(key)) throw new InvalidInput(`query "${key}" has multiple values`, { docker: "refuses" });
    if (value === "" && !["submodules", "keep-git-dir", "fetch-by-commit"].includes(key))
      throw new InvalidInput(`query "${key}" has no value`, { docker: "refuses" });
    values.set(key, value);
  }
  return values;
}

/** The only value among these. Docker refuses two different values. */
function onlyValue(what: string, ...values: readonly (string | undefined)[]): string | undefined {
  const [one, other] = [...new Set(values.filter((text) => text !== undefined && text !== ""))];
  if (other !== undefined) throw new InvalidInput(`${what} conflicts: "${one}" vs "${other}"`, { docker: "refuses" });
  return one;
}

function prefixed(prefix: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : prefix + text;
}

function flag(name: string, text = ""): boolean {
  if (["", "1", "t", "true", "T", "True", "TRUE"].includes(text)) return true;
  if (["0", "f", "false", "F", "False", "FALSE"].includes(text)) return false;
  throw new InvalidInput(`invalid ${name} value: "${text}"`, { docker: "refuses" });
}

function cut(text: string, at: string): [string, string?] {
  const index = text.indexOf(at);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}
