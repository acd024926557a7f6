/** What the site, its check and the runnable pages read of a page in Markdown. */
import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

export interface Fence {
  /** The first word after the backticks; empty where there is none. */
  readonly language: string;
  /** Whether `runnable` stands after the language. */
  readonly runnable: boolean;
  readonly code: string;
  /** Of the line with the backticks, from 1. */
  readonly line: number;
}

/** Of every page of the documentation, relative to docs/, sorted. */
export function pagePaths(docs: string): string[] {
  return readdirSync(docs, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md") && !entry.parentPath.includes(".vitepress"))
    .map((entry) => relative(docs, join(entry.parentPath, entry.name)))
    .sort();
}

/** The fenced blocks of a page, in order. A fence is three backticks or more at the beginning of a line. */
export function fences(page: string): Fence[] {
  const found: Fence[] = [];
  let open:
    | { readonly ticks: string; readonly info: string; readonly line: number; readonly lines: string[] }
    | undefined;
  for (const [at, line] of page.split("\n").entries()) {
    const ticks = /^`{3,}/.exec(line)?.[0];
    if (open === undefined) {
      if (ticks !== undefined) open = { ticks, info: line.slice(ticks.length).trim(), line: at + 1, lines: [] };
    } else if (ticks === undefined || ticks.length < open.ticks.length || line.trim() !== ticks) {
      open.lines.push(line);
    } else {
      const [language = "", ...marks] = open.info.split(/\s+/);
      found.push({ language, runnable: marks.includes("runnable"), code: open.lines.join("\n"), line: open.line });
      open = undefined;
    }
  }
  return found;
}

/** The page without its fenced blocks and its code in backticks; lines stay where they are. */
export function withoutCode(page: string): string {
  return page
    .replaceAll(/^(`{3,})[^\n]*\n(?:.*\n)*?\1 *$/gm, (block) => block.replaceAll(/[^\n]/g, ""))
    .replaceAll(/`[^`\n]*`/g, "");
}

/** The text of a heading as a reader sees it. */
export function headings(page: string): string[] {
  const body = page.replaceAll(/^(`{3,})[^\n]*\n(?:.*\n)*?\1 *$/gm, "");
  return [...body.matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, text = ""]) => visible(text));
}

function visible(text: string): string {
  return text
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll("`", "")
    .replaceAll(/(?<![\w\\])_([^_]+)_(?!\w)|\*\*([^*]+)\*\*/g, "$1$2")
    .replaceAll("\\", "");
}

/** The anchor of a heading, as GitHub makes it: letters, digits, `_` and `-` stay, blanks become `-`. */
export function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

/** All anchors of a page: the second of the same name ends in -1, and so on. */
export function anchors(page: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  return new Set(
    headings(page).map((heading) => {
      const name = slug(heading);
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      return count === 0 ? name : `${name}-${count}`;
    }),
  );
}

/** The page's first heading and its first sentence of plain text. */
export function titleOf(page: string): { readonly title: string; readonly sentence: string } {
  const body = withoutFrontMatter(page);
  const [title = ""] = headings(body);
  const text = body.replaceAll(/^(`{3,})[^\n]*\n(?:.*\n)*?\1 *$/gm, "");
  const paragraph =
    text.split(/\n{2,}/).find((part) => /^[\p{L}`*[]/u.test(part.trim()) && !part.startsWith("#")) ?? "";
  const sentence = /^.*?[.:](?=\s|$)/s.exec(paragraph.trim())?.[0] ?? paragraph;
  return {
    title,
    sentence: sentence
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replaceAll("\n", " ")
      .replace(/:$/, "."),
  };
}

export function withoutFrontMatter(page: string): string {
  return page.replace(/^---\n.*?\n---\n/s, "");
}

export function readPage(docs: string, path: string): string {
  return readFileSync(join(docs, path), "utf8");
}
