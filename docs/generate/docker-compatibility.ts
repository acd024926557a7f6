/** Writes docs/docker-compatibility.md: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { BACKEND_NAMES, loadBackend } from "../../src/backends/table.ts";
import { compatibilityPage } from "../../src/docker/compatibility-page.ts";

const backends = await Promise.all(BACKEND_NAMES.map(loadBackend));
const page = compatibilityPage(new Map(backends.map(({ name, supports }) => [name, supports])));
writeFileSync(new URL("../docker-compatibility.md", import.meta.url), page);
