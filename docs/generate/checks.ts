/** Writes docs/checks.md: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { checksPage } from "./checks-page.ts";

writeFileSync(new URL("../checks.md", import.meta.url), checksPage());
