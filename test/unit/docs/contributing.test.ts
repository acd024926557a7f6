/** CONTRIBUTING.md names files and folders step by step. Each has to be there, so that the page cannot drift from the tree. */
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BUILDER_NAMES } from "../../../src/plan/builder-names.ts";

const PROJECT = new URL("../../../", import.meta.url).pathname;
const page = await readFile(join(PROJECT, "CONTRIBUTING.md"), "utf8");

/** Paths between backticks. `NAME` stands for any of its kind. */
const paths = [...page.matchAll(/`((?:src|test|docs)\/[\w./-]*)`/g)]
  .map(([, path = ""]) => path)
  // Made by a build.
  .filter((path) => !path.endsWith("/dist"));

async function exists(path: string): Promise<boolean> {
  return stat(join(PROJECT, path)).then(
    () => true,
    () => false,
  );
}

/** The text below a heading. */
function section(heading: string): string {
  return page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
}

describe("CONTRIBUTING.md", () => {
  it("names only files and folders that are in the tree", async () => {
    expect(paths.length).toBeGreaterThan(25);
    const missing: string[] = [];
    for (const path of paths.filter((name) => !name.includes("NAME"))) if (!(await exists(path))) missing.push(path);
    expect(missing).toEqual([]);
  });

  it.each(["flag", "command", "builder", "transport"])("says how to add a %s, in numbered steps", (thing) => {
    expect(section(`How to add a ${thing}`)).toMatch(/^1\. .+$[^]*^2\. .+$[^]*^3\. /m);
  });

  it("says at most four files of src for a flag of our own", () => {
    const steps = section("How to add a flag").split("\n\n")[1] ?? "";
    expect(new Set([...steps.matchAll(/`(src\/[^`]*)`/g)].map(([, path]) => path)).size).toBeLessThanOrEqual(4);
  });

  it("has a folder for each builder, with what the page says is in it", async () => {
    for (const name of BUILDER_NAMES) {
      const files = await readdir(join(PROJECT, `src/builders/${name}`));
      expect(files).toContain(`${name}.ts`);
      expect(files).toContain("failure.ts");
    }
  });
});
