/** The site of these pages: `npm run docs:site`. It loads nothing from elsewhere. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import type { DefaultTheme } from "vitepress";
import { llmsText } from "../generate/llms.ts";
import { pagePaths, readPage, slug, titleOf } from "../generate/markdown.ts";

const DOCS = join(import.meta.dirname, "..");

/** Pages in the order in which a reader needs them; one that is missing here comes last, so none is hidden. */
const ORDER: Readonly<Record<string, readonly string[]>> = {
  tutorial: ["first-image", "test-cluster"],
  guides: [
    "install",
    "second-build",
    "load",
    "ci",
    "make-and-compose",
    "several-platforms",
    "private-registries",
    "secrets",
    "builders",
    "contexts",
    "detach",
    "pod",
    "administrator",
    "locked-down",
    "doctor",
    "troubleshooting",
    "drone",
    "img-image",
  ],
  reference: [
    "commands",
    "flags",
    "configuration",
    "exit-codes",
    "progress-json",
    "rights",
    "docker-compatibility",
    "builders",
    "checks",
    "licences",
  ],
  explanation: ["architecture", "contexts", "security", "lifecycle", "reliability", "supply-chain", "speed"],
};

/** Pages of tables with many columns. */
const WIDE = new Set(["reference/docker-compatibility.md", "reference/builders.md", "reference/flags.md"]);

function items(folder: string): DefaultTheme.SidebarItem[] {
  const order = ORDER[folder] ?? [];
  const rank = (path: string): number => {
    const at = order.indexOf(path.slice(folder.length + 1, -".md".length));
    return at === -1 ? order.length : at;
  };
  return pagePaths(DOCS)
    .filter((path) => path.startsWith(`${folder}/`))
    .toSorted((a, b) => rank(a) - rank(b))
    .map((path) => ({
      text: titleOf(readPage(DOCS, path)).title.replaceAll("`", ""),
      link: `/${path.slice(0, -".md".length)}`,
    }));
}

export default defineConfig({
  title: "Slipway",
  description: "docker build, in an unprivileged pod in your own Kubernetes namespace",
  lang: "en",
  // Works from any folder of a server, and without rewriting of addresses.
  base: process.env["SLIPWAY_DOCS_BASE"] ?? "/",
  srcExclude: ["generate/**"],
  lastUpdated: false,
  markdown: {
    // No page has HTML: `<NAME>` in a text stands for itself.
    html: false,
    anchor: { slugify: slug },
    config(md) {
      // Vue would take {{.Name}} for an expression of its own.
      const { code_inline: code, text } = md.renderer.rules;
      md.renderer.rules.code_inline = (tokens, at, options, env, self) => {
        tokens[at]?.attrSet("v-pre", "");
        return code?.(tokens, at, options, env, self) ?? "";
      };
      md.renderer.rules.text = (...given) => (text?.(...given) ?? "").replaceAll("{{", "&#123;&#123;");
    },
  },
  // The pages with large tables are large.
  vite: { build: { chunkSizeWarningLimit: 4000 } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Tutorial", link: "/tutorial/first-image", activeMatch: "^/tutorial/" },
      { text: "Guides", link: "/guides/second-build", activeMatch: "^/guides/" },
      { text: "Reference", link: "/reference/commands", activeMatch: "^/reference/" },
      { text: "Explanation", link: "/explanation/architecture", activeMatch: "^/explanation/" },
    ],
    sidebar: [
      { text: "Tutorial", items: items("tutorial") },
      { text: "Guides", items: items("guides") },
      { text: "Reference", items: items("reference"), collapsed: false },
      { text: "Explanation", items: items("explanation"), collapsed: false },
    ],
  },
  transformPageData(page) {
    if (WIDE.has(page.relativePath)) page.frontmatter["aside"] = false;
  },
  buildEnd({ outDir }) {
    writeFileSync(join(outDir, "llms.txt"), llmsText(DOCS));
    // The pages themselves, which llms.txt points to.
    for (const path of pagePaths(DOCS)) cpSync(join(DOCS, path), join(outDir, path));
  },
});
