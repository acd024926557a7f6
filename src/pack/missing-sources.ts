/** Sources of COPY and ADD that the packed context will certainly not have. Looks only at the named paths, and not at the whole tree. */
import { dirname } from "node:path/posix";
import { parseIgnoreFile } from "../lib/dockerignore/dockerignore.ts";
import type { IgnoreRules } from "../lib/dockerignore/dockerignore.ts";
import type { LiteralSource } from "../lib/dockerfile/literal-sources.ts";
import { toBytes, toText } from "../lib/files/path-bytes.ts";
import { aThirdOf, nearest } from "../lib/text/suggest.ts";
import type { ContextSource } from "../plan/plan.ts";
import { isGone, treeOf } from "./tree.ts";
import type { ContextTree } from "./tree.ts";

export interface MissingSource extends LiteralSource {
  /** The rule that excludes it. Absent: the context has no such path. */
  readonly rule?: { readonly file: string; readonly line: number; readonly text: string };
  /** A path beside it with nearly the same name. */
  readonly meant?: string;
}

/** @throws InvalidInput for a malformed ignore file, and for a directory that cannot be read */
export function findMissingSources(context: ContextSource, sources: readonly LiteralSource[]): MissingSource[] {
  if (sources.length === 0) return [];
  const tree = treeOf(context);
  const rules = parseIgnoreFile(context.ignoreFile, context.ignoreName);
  let hints = 0;
  return sources.flatMap((source): MissingSource[] => {
    // The repository's own directory is kept or left out by other rules than these.
    if (source.path.split("/")[0] === ".git") return [];
    const state = stateOf(tree, source.path);
    if (state === "unknown") return [];
    if (state === "absent") return [{ ...source, ...(++hints > MAX_HINTS ? {} : meantBy(tree, source.path)) }];
    const rule = excludingRule(rules, source.path, state === "directory", context.ignoreName ?? ".dockerignore");
    return rule === undefined ? [] : [{ ...source, rule }];
  });
}

/** The first fault ends a build, so only a check shows more of them. */
const MAX_HINTS = 10;

type State = "directory" | "other" | "absent" | "unknown";

/** Builders follow a symlink in different ways, so nothing is said of a path through one. */
function stateOf(tree: ContextTree, path: string): State {
  const parts = toBytes(path).split("/");
  for (let depth = 1; depth <= parts.length; depth += 1) {
    try {
      const stat = tree.stat(parts.slice(0, depth).join("/"));
      if (depth === parts.length) return stat.isDirectory() ? "directory" : "other";
      if (!stat.isDirectory()) return stat.isSymbolicLink() ? "unknown" : "absent";
    } catch (error) {
      return isGone(error) ? "absent" : "unknown";
    }
  }
  return "unknown";
}

/** A directory that is excluded is there all the same if a later rule includes something below it. */
function excludingRule(
  rules: IgnoreRules,
  path: string,
  isDirectory: boolean,
  file: string,
): MissingSource["rule"] | undefined {
  if (isDirectory && rules.hasNegations) return undefined;
  const { excluded, line, text = "" } = rules.explain(path);
  return excluded && line !== undefined ? { file, line, text: text.trim() } : undefined;
}

function meantBy(tree: ContextTree, path: string): Pick<MissingSource, "meant"> {
  const folder = dirname(path) === "." ? "" : dirname(path);
  try {
    const name = path.slice(folder === "" ? 0 : folder.length + 1);
    const found = nearest(name, tree.names(toBytes(folder)).map(toText), () => Math.max(1, aThirdOf(name)));
    return found === undefined ? {} : { meant: folder === "" ? found : `${folder}/${found}` };
  } catch {
    return {};
  }
}
