import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { octalMode, symbolicMode } from "../../../../src/lib/dockerfile/file-mode.ts";

const directory = mkdtempSync(join(tmpdir(), "slipway-mode-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it.each([
  ["0640", 0o640],
  ["4755", 0o4755],
  ["01777", 0o1777],
  ["7", 0o7],
  ["u=rwX", undefined],
  ["888", undefined],
])("%s as an octal mode", (text, mode) => {
  expect(octalMode(text)).toBe(mode);
});

it.each(["u=rwX,go=rX", "a-w", "go=u", "u=rw,g+w,o=", "a=r", "o+w", "g=u-w", "+x", "a+X", "u+s", "+t", "ug=rwx,o-rx"])(
  "%s makes of a directory what chmod(1) makes of it",
  (text) => {
    for (const before of [0o755, 0o700, 0o644]) {
      chmodSync(directory, before);
      execFileSync("sh", ["-c", 'umask 0; exec chmod "$1" "$2"', "sh", text, directory]);
      expect([text, symbolicMode(text, before)?.toString(8)]).toEqual([
        text,
        (statSync(directory).mode & 0o7777).toString(8),
      ]);
    }
  },
);

it.each(["", "rwx", "u", "u=q", "0640", "u=rw,"])("%j is not a symbolic mode", (text) => {
  expect(symbolicMode(text, 0o755)).toBeUndefined();
});
