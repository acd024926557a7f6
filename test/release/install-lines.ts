/** The lines that README and the install guide give to copy: the tests run them as they stand. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fences } from "../../docs/generate/markdown.ts";
import { ROOT } from "./artefacts.ts";

export type Page = "README.md" | "docs/guides/install.md";

const HEADING = /^## (.+)$/gm;

/** @returns the text below a heading, up to the next one. @throws Error if the page has no such section */
function section(page: Page, heading: string): string {
  const [, text] = read(page).split(`\n## ${heading}\n`);
  if (text === undefined) throw new Error(`${page} has no section "${heading}"`);
  return text.split(/^## /m)[0] ?? "";
}

function read(page: Page): string {
  return readFileSync(join(ROOT, page), "utf8");
}

/** @returns the headings below which the page has shell lines to copy, in order */
export function headingsWithLines(page: Page): readonly string[] {
  const headings = [...read(page).matchAll(HEADING)].map(([, heading = ""]) => heading);
  return headings.filter((heading) => shellBlocks(section(page, heading)).length > 0);
}

/** @returns each block of shell lines of a section, as it is printed. @throws Error if the page has no such section, or the section no lines */
export function blocksOf(page: Page, heading: string): readonly string[] {
  const blocks = shellBlocks(section(page, heading));
  if (blocks.length === 0) throw new Error(`"${heading}" of ${page} has no lines to copy`);
  return blocks;
}

function shellBlocks(text: string): readonly string[] {
  return fences(text)
    .filter(({ language }) => language === "sh")
    .map(({ code }) => code);
}

/** @returns the shell lines of a section, without comments. @throws Error as `blocksOf` */
export function linesOf(page: Page, heading: string): readonly string[] {
  return blocksOf(page, heading).flatMap((block) => linesIn(block));
}

/** @returns the lines of a block, without comments */
export function linesIn(block: string): readonly string[] {
  return block.split("\n").map((line) => line.replace(/\s+# .*$/, "").trim());
}

/** @returns the command that the prose of a section names in backticks, by its beginning. @throws Error if there is not one */
export function commandOf(page: Page, heading: string, beginning: string): string {
  const found = [...section(page, heading).matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  const [command, ...others] = found.filter((code) => code.startsWith(beginning));
  if (command === undefined || others.length > 0) {
    throw new Error(`"${heading}" of ${page} names ${others.length === 0 ? "no" : "more than one"} \`${beginning} …\``);
  }
  return command;
}
