/** Writes docs/docker-compatibility.md: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { loadBackend } from "../../src/builders/table.ts";
import { BACKEND_NAMES } from "../../src/plan/builder-names.ts";
import { compatibilityPage } from "./compatibility-page.ts";

const backends = await Promise.all(BACKEND_NAMES.map(loadBackend));
const page = compatibilityPage(new Map(backends.map(({ name, supports }) => [name, supports])));
writeFileSync(new URL("../docker-compatibility.md", import.meta.url), page);
