/** Writes docs/docker-compatibility.md: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { loadBuilder } from "../../src/builders/table.ts";
import { BUILDER_NAMES } from "../../src/plan/builder-names.ts";
import { compatibilityPage } from "./compatibility-page.ts";

const backends = await Promise.all(BUILDER_NAMES.map(loadBuilder));
const page = compatibilityPage(new Map(backends.map(({ name, supports }) => [name, supports])));
writeFileSync(new URL("../docker-compatibility.md", import.meta.url), page);
