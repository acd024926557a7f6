/** Writes the generated pages: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { PAGES } from "./pages.ts";

for (const [path, page] of Object.entries(PAGES)) writeFileSync(new URL(`../${path}`, import.meta.url), await page());
