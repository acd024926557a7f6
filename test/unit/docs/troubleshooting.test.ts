/** A reader looks for the sentence that slipway printed: the page has to have it as the program says it. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { headings } from "../../../docs/generate/markdown.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** What registries say, not slipway. */
const FOREIGN = new Set(["400 Bad Request", "MANIFEST_INVALID"]);

const source = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readFileSync(join(ROOT, "src", path), "utf8"))
  .join("\n");

it("troubleshooting names sentences that the source has", () => {
  const page = readFileSync(join(ROOT, "docs/guides/troubleshooting.md"), "utf8");
  const sentences = headings(page).flatMap((heading) =>
    [...heading.matchAll(/“([^”]+)”/g)].map(([, text = ""]) => text),
  );
  expect(sentences.length).toBeGreaterThan(25);
  const parts = sentences.filter((text) => !FOREIGN.has(text)).flatMap((text) => text.split(/…/));
  // Values stand between the parts; what is left of a part without letters is punctuation around them.
  const missing = parts
    .map((part) => part.replace(/^[\s"“(:]+|[\s"”):]+$/g, ""))
    .filter((part) => /[a-z]{3}/.test(part) && !source.includes(part));
  expect(missing).toEqual([]);
});
