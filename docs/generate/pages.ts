/** The pages of docs/reference that are written by `npm run docs`, by their path below docs/. */
import { loadBuilder } from "../../src/builders/table.ts";
import { BUILDER_NAMES } from "../../src/plan/builder-names.ts";
import { bakePage } from "./bake-page.ts";
import { checksPage } from "./checks-page.ts";
import { commandsPage } from "./commands-page.ts";
import { compatibilityPage } from "./compatibility-page.ts";
import { configurationPage } from "./configuration-page.ts";
import { exitCodesPage } from "./exit-codes-page.ts";
import { flagsPage } from "./flags-page.ts";
import { limitsPage } from "./limits-page.ts";
import { progressJsonPage } from "./progress-json-page.ts";
import { rightsPage } from "./rights-page.ts";

export const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  "reference/bake.md": bakePage,
  "reference/checks.md": checksPage,
  "reference/commands.md": commandsPage,
  "reference/configuration.md": configurationPage,
  "reference/docker-compatibility.md": async () => {
    const builders = await Promise.all(BUILDER_NAMES.map(loadBuilder));
    return compatibilityPage(new Map(builders.map(({ name, supports }) => [name, supports])));
  },
  "reference/exit-codes.md": exitCodesPage,
  "reference/flags.md": flagsPage,
  "reference/limits.md": limitsPage,
  "reference/progress-json.md": progressJsonPage,
  "reference/rights.md": rightsPage,
};
