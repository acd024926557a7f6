/** llms.txt of the site: every page with its first sentence, for programs that read documentation (llmstxt.org). */
import { pagePaths, readPage, titleOf } from "./markdown.ts";

const FOLDERS = { tutorial: "Tutorial", guides: "Guides", reference: "Reference", explanation: "Explanation" } as const;

/** @param docs the folder of the pages */
export function llmsText(docs: string): string {
  const { title, sentence } = titleOf(readPage(docs, "index.md"));
  const paths = pagePaths(docs);
  const sections = Object.entries(FOLDERS).map(([folder, name]) => {
    const pages = paths.filter((path) => path.startsWith(`${folder}/`));
    const lines = pages.map((path) => {
      const page = titleOf(readPage(docs, path));
      return `- [${page.title}](${path})${page.sentence === "" ? "" : `: ${page.sentence}`}`;
    });
    return `## ${name}\n\n${lines.join("\n")}\n`;
  });
  return [`# ${title}\n\n> ${sentence}\n`, ...sections].join("\n");
}
