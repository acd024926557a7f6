import { readdir } from "node:fs/promises";
import { expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/command-table.ts";

it("every file of src/cli/commands is in the table of commands, under the id that oclif gives it", async () => {
  const folder = new URL("../../../src/cli/commands/", import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".ts"));
  const ids = files.map((file) => file.replace(/(?:\/index)?\.ts$/, "").replaceAll("/", ":"));
  expect(Object.keys(COMMANDS)).toEqual(ids.toSorted());
  const sources = Object.values(COMMANDS).map((load) => /commands\/([^"')]+)\.ts/.exec(String(load))?.[1]);
  expect(sources).toEqual(files.map((file) => file.replace(/\.ts$/, "")).toSorted());
});
