/** Every link between pages leads to a page and to a heading of it, on GitHub and on the site. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { llmsText } from "../../../docs/generate/llms.ts";
import { anchors, headings, pagePaths, slug, withoutCode } from "../../../docs/generate/markdown.ts";

const ROOT = join(import.meta.dirname, "../../..");
const DOCS = join(ROOT, "docs");
const PAGES = ["README.md", "CONTRIBUTING.md", ...pagePaths(DOCS).map((path) => join("docs", path))];

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** Links of the page that do not leave the repository, as `text` and target. */
function linksOf(page: string): string[] {
  const targets = [...withoutCode(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

function fault(from: string, target: string): string | undefined {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? from : normalize(join(dirname(from), path));
  if (!existsSync(join(ROOT, file))) return `${from}: ${target}: there is no ${file}`;
  // The site has only what is below docs/.
  if (from.startsWith("docs/") && !file.startsWith("docs/")) return `${from}: ${target} leaves the documentation`;
  if (anchor === undefined || anchors(read(file)).has(anchor)) return undefined;
  return `${from}: ${target}: ${file} has no heading for #${anchor}`;
}

describe("the documentation", () => {
  it("has no link that leads nowhere", () => {
    const links = PAGES.flatMap((page) => linksOf(read(page)).map((target) => [page, target] as const));
    expect(links.length).toBeGreaterThan(100);
    expect(links.flatMap(([page, target]) => fault(page, target) ?? [])).toEqual([]);
  });

  it("has no page that no other page links to", () => {
    const linked = new Set(
      PAGES.flatMap((page) =>
        linksOf(read(page)).map((target) => normalize(join(dirname(page), target.split("#")[0] ?? ""))),
      ),
    );
    const roots = new Set(["README.md", "docs/index.md"]);
    expect(PAGES.filter((page) => !linked.has(page) && !roots.has(page))).toEqual([]);
  });

  it("has one first heading on each page", () => {
    const counts = PAGES.map((page) => [page, withoutCode(read(page)).match(/^# /gm)?.length]);
    expect(counts.filter(([, count]) => count !== 1)).toEqual([]);
  });

  it("has every page in llms.txt, with a sentence", () => {
    const text = llmsText(DOCS);
    for (const path of pagePaths(DOCS).filter((path) => path !== "index.md")) expect(text).toContain(`](${path})`);
    expect(text.split("\n").filter((line) => /^- .*\)$/.test(line))).toEqual([]);
  });

  it("is short where it has to be: README", () => {
    expect(read("README.md").split("\n").length).toBeLessThanOrEqual(151);
  });
});

describe("an anchor", () => {
  it.each([
    ["What is protected", "what-is-protected"],
    ["Pod Security _restricted_", "pod-security-restricted"],
    ["`slipway cache ls`", "slipway-cache-ls"],
    ["A certificate of your own, or plain http", "a-certificate-of-your-own-or-plain-http"],
  ])("of %s is GitHub's", (heading, anchor) => {
    expect(slug(headings(`# ${heading}\n`)[0] ?? "")).toBe(anchor);
  });

  it("gets a number when there are two of it", () => {
    expect([...anchors("# A\n\n## B\n\n```sh\n# no heading\n```\n\n## B\n")]).toEqual(["a", "b", "b-1"]);
  });
});

it("each test that a page names exists", () => {
  const named = PAGES.flatMap((page) =>
    [...read(page).matchAll(/`(test\/[^`\s*]+)`/g)].map(([, file = ""]) => ({ page, file })),
  ).filter(({ file }) => !file.includes("NAME"));
  expect(named).not.toEqual([]);
  expect(named.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
});
