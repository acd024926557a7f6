/** Directories for temporary files: nobody else can have made them, guess their names or look into them. */
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeScratchDirectory, removeScratchDirectory } from "../../../../src/lib/files/scratch.ts";

it("a scratch directory is new, has a name that cannot be guessed, and is for this user only", () => {
  const parent = mkdtempSync(join(tmpdir(), "slipway-scratch-test-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const umask = process.umask(0);
  const made = Array.from({ length: 50 }, () => makeScratchDirectory("slipway-", parent));
  process.umask(umask);
  expect(new Set(made).size).toBe(50);
  for (const directory of made) {
    expect(directory.slice(parent.length)).toMatch(/^\/slipway-[A-Za-z0-9]{6}$/);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    removeScratchDirectory(directory);
    expect(existsSync(directory)).toBe(false);
  }
});
