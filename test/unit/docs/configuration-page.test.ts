import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { configurationPage } from "../../../docs/generate/configuration-page.ts";

test("docs/configuration.md is what `npm run docs` writes", async () => {
  expect(await readFile(new URL("../../../docs/configuration.md", import.meta.url), "utf8")).toBe(configurationPage());
});
