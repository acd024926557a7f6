import { execFileSync } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, readFile, readdir, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  Replacement,
  UnsafePath,
  appendToFile,
  makeDirectory,
  removeFile,
  replaceFile,
} from "../../../../src/lib/files/replace-file.ts";
import { giveAway } from "./stranger.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-replace-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const MAKING = { mode: 0o644 };

describe("replaceFile", () => {
  it("writes the whole file and leaves nothing beside it", async () => {
    await writeFile(join(root, "a"), "before, and longer");
    replaceFile(join(root, "a"), "after", MAKING);
    expect(await readFile(join(root, "a"), "utf8")).toBe("after");
    expect(await readdir(root)).toEqual(["a"]);
  });

  it("keeps the old file when the new one is not finished", async () => {
    await writeFile(join(root, "a"), "before");
    const replacement = new Replacement(join(root, "a"), MAKING);
    replacement.write(Buffer.from("half"));
    replacement.discard();
    expect(await readFile(join(root, "a"), "utf8")).toBe("before");
    expect(await readdir(root)).toEqual(["a"]);
  });

  it("a file gets exactly the given permissions, with any umask", async () => {
    const before = process.umask(0o077);
    try {
      replaceFile(join(root, "exact"), "", { mode: 0o640, exact: true });
      replaceFile(join(root, "masked"), "", { mode: 0o640 });
    } finally {
      process.umask(before);
    }
    expect((await lstat(join(root, "exact"))).mode & 0o777).toBe(0o640);
    expect((await lstat(join(root, "masked"))).mode & 0o777).toBe(0o600);
  });

  it("the temporary name cannot be guessed", async () => {
    await writeFile(join(root, "important"), "important");
    for (const name of [`a.${process.pid}`, `a.${process.pid}.partial`, `a.slipway-${process.pid}`, "a.new"]) {
      await symlink("important", join(root, name));
    }
    replaceFile(join(root, "a"), "text", MAKING);
    expect(await readFile(join(root, "important"), "utf8")).toBe("important");
    expect((await lstat(join(root, "a"))).isFile()).toBe(true);
  });

  it("keeps a link of the user's own, and replaces the file it leads to", async () => {
    await mkdir(join(root, "dotfiles"));
    await symlink("dotfiles/config.json", join(root, "config.json"));
    replaceFile(join(root, "config.json"), "one", MAKING);
    replaceFile(join(root, "config.json"), "two", MAKING);
    expect(await readlink(join(root, "config.json"))).toBe("dotfiles/config.json");
    expect(await readFile(join(root, "dotfiles/config.json"), "utf8")).toBe("two");
  });

  it("refuses links that lead in a circle", async () => {
    await symlink("b", join(root, "a"));
    await symlink("a", join(root, "b"));
    expect(() => replaceFile(join(root, "a"), "", MAKING)).toThrow(UnsafePath);
  });
});

describe.each<[string, (path: string) => unknown]>([
  ["replaceFile", (path) => replaceFile(path, "text", MAKING)],
  ["appendToFile", (path) => appendToFile(path, "text")],
  ["removeFile", removeFile],
  ["makeDirectory", (path) => makeDirectory(path)],
])("%s", (_name, work) => {
  it.each(["a directory that all may write to", "a directory of another user"])(
    "does not follow another user's link in %s",
    async (what) => {
      await writeFile(join(root, "important"), "important");
      await mkdir(join(root, "shared"));
      await symlink("../important", join(root, "shared/a"));
      await giveAway(join(root, "shared/a"));
      if (what.includes("all")) await chmod(join(root, "shared"), 0o1777);
      else await giveAway(join(root, "shared"));
      expect(() => work(join(root, "shared/a"))).toThrow(/is a link of another user$/);
      expect(await readFile(join(root, "important"), "utf8")).toBe("important");
    },
  );
});

describe("devices and pipes", () => {
  it("devices and pipes are written to, not replaced", async () => {
    const before = await lstat("/dev/null");
    replaceFile("/dev/null", "text", MAKING);
    appendToFile("/dev/null", "text");
    removeFile("/dev/null");
    const after = await lstat("/dev/null");
    expect([after.isCharacterDevice(), after.ino]).toEqual([true, before.ino]);
    const link = join(root, "null");
    await symlink("/dev/null", link);
    replaceFile(link, "text", MAKING);
    expect(await readlink(link)).toBe("/dev/null");
  });

  it("another user's device or pipe is refused in a directory that all may write to", async () => {
    await chmod(root, 0o1777);
    execFileSync("mkfifo", [join(root, "pipe")]);
    await giveAway(join(root, "pipe"));
    expect(() => replaceFile(join(root, "pipe"), "text", MAKING)).toThrow(/is a device or a pipe of another user$/);
  });

  it.each(["a pipe", "a file"])("get what is written to /dev/stdout when that is %s", async (what) => {
    const module = new URL("../../../../src/lib/files/replace-file.ts", import.meta.url).href;
    const script = `console.log("before");
      const { replaceFile } = await import(${JSON.stringify(module)});
      replaceFile("/dev/stdout", "text", { mode: 0o644 });
      console.log(" after");`;
    await writeFile(join(root, "script.mjs"), script);
    const line = `"$0" "$1" ${what === "a file" ? '> "$2" && cat "$2"' : "| cat"}`;
    const args = ["-c", line, process.execPath, join(root, "script.mjs"), join(root, "out")];
    expect(execFileSync("sh", args, { encoding: "utf8" })).toBe("before\ntext after\n");
  });
});
