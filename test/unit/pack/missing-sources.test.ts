import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findMissingSources } from "../../../src/pack/missing-sources.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-missing-"));
  mkdirSync(join(root, "src/deep"), { recursive: true });
  writeFileSync(join(root, "src/app.ts"), "");
  writeFileSync(join(root, "src/deep/x.ts"), "");
  symlinkSync("src", join(root, "link"));
  symlinkSync("nowhere", join(root, "dangling"));
});

afterEach(() => rm(root, { recursive: true, force: true }));

function missing(path: string, ignore?: string): unknown {
  const context = { root, ignoreFile: ignore === undefined ? undefined : Buffer.from(ignore) };
  const [found] = findMissingSources(context, [{ path, line: 2, endLine: 2 }]);
  if (found === undefined) return "there";
  return found.rule?.line ?? found.meant ?? "absent";
}

describe("a source of the context", () => {
  it.each([
    ["a file", "src/app.ts"],
    ["a directory", "src"],
    ["a symlink", "link"],
    ["a symlink to nothing: it is the builder's to say", "dangling"],
    ["a path through a symlink, which builders follow in different ways", "link/nothing"],
    ["a path of the repository's own directory", ".git/config"],
  ])("is not missing if it is %s", (_, path) => {
    expect(missing(path)).toBe("there");
  });

  it.each([
    ["nothing", "nothing", "absent"],
    ["below nothing", "nothing/x", "absent"],
    ["below a file", "src/app.ts/x", "absent"],
    ["nearly the name of a file", "src/apt.ts", "src/app.ts"],
    ["nearly the name of a directory", "scr", "src"],
  ])("is missing if there is %s", (_, path, expected) => {
    expect(missing(path)).toBe(expected);
  });

  it.each([
    ["by a rule of its own", "src/app.ts", "# comment\nsrc/app.ts\n", 2],
    ["by a rule of its directory", "src/app.ts", "docs\nsrc\n", 2],
    ["by the last rule that matches", "src/app.ts", "*\n!src\n**/*.ts\n", 3],
    ["as a directory", "src/deep", "src/deep\n", 1],
  ])("is missing if it is excluded %s", (_, path, ignore, line) => {
    expect(missing(path, ignore)).toBe(line);
  });

  it.each([
    ["a later rule includes it", "src/app.ts", "*\n!src/app.ts\n"],
    ["a later rule includes something below it", "src", "*\n!src/app.ts\n"],
    ["the rules are about others", "src/app.ts", "docs\n"],
  ])("is not missing if it is excluded, but %s", (_, path, ignore) => {
    expect(missing(path, ignore)).toBe("there");
  });
});
