/** The lines that README and the install guide give to copy: the tests run them as they stand. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fences } from "../../docs/generate/markdown.ts";
import { ROOT } from "./artefacts.ts";

type Page = "README.md" | "docs/guides/install.md";

/** @returns the shell lines of a section, without comments. @throws Error if the page has no such section, or the section no lines */
export function linesOf(page: Page, heading: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const [, section] = text.split(`\n## ${heading}\n`);
  if (section === undefined) throw new Error(`${page} has no section "${heading}"`);
  const blocks = fences(section.split(/^## /m)[0] ?? "").filter(({ language }) => language === "sh");
  const lines = blocks.flatMap(({ code }) => code.split("\n")).map((line) => line.replace(/\s+# .*$/, "").trim());
  if (lines.length === 0) throw new Error(`"${heading}" of ${page} has no lines to copy`);
  return lines;
}
