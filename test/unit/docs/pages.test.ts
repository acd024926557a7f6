import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { PAGES } from "../../../docs/generate/pages.ts";

test.each(Object.entries(PAGES))("docs/%s is what `npm run docs` writes", async (path, page) => {
  expect(await readFile(new URL(`../../../docs/${path}`, import.meta.url), "utf8")).toBe(await page());
});
