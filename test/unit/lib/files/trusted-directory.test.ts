import { chmod, mkdir, mkdtemp, realpath, rm, stat, symlink } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  cacheDirectory,
  trustedCacheDirectory,
  trustedStateDirectory,
} from "../../../../src/lib/files/cache-directory.ts";
import { isInWorkTree, isTrusted, makeTrustedDirectory } from "../../../../src/lib/files/trusted-directory.ts";
import { giveAway } from "./stranger.ts";

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "slipway-trusted-")));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("a directory is trusted", () => {
  it("when it is the user's own, and also before it is made", async () => {
    await mkdir(join(root, "own"));
    expect(isTrusted(join(root, "own"))).toBe(true);
    expect(isTrusted(join(root, "own/a/b"))).toBe(true);
    makeTrustedDirectory(join(root, "own/a/b"));
    expect((await stat(join(root, "own/a"))).mode & 0o777).toBe(0o700);
  });

  it("through a link of the user's own", async () => {
    await mkdir(join(root, "disk"));
    await symlink("disk", join(root, "cache"));
    expect(isTrusted(join(root, "cache/slipway"))).toBe(true);
  });
});

describe("a directory is not trusted", () => {
  it.each([
    ["when the group may write to it", "a", 0o770],
    ["when all may write to it", "a", 0o707],
    ["when the group may write to one above it", "a/b", 0o770],
  ])("%s", async (_title, path, mode) => {
    await mkdir(join(root, "a/b"), { recursive: true });
    await chmod(join(root, "a"), mode);
    expect(isTrusted(join(root, path))).toBe(false);
    expect(() => makeTrustedDirectory(join(root, path, "slipway"))).toThrow(/^other users may write to /);
  });

  it("when all may write to it, though it is sticky; a new one in it is", async () => {
    await chmod(root, 0o1777);
    expect(isTrusted(root)).toBe(false);
    makeTrustedDirectory(join(root, "new"));
    expect(isTrusted(join(root, "new"))).toBe(true);
  });

  it.each(["a", "a/b", "a/b/not-there"])("when a is another user's, and it is %s", async (path) => {
    await mkdir(join(root, "a/b"), { recursive: true });
    await giveAway(join(root, "a"));
    expect(isTrusted(join(root, path))).toBe(false);
  });

  it("when another user's link leads to it", async () => {
    await mkdir(join(root, "a"));
    await symlink("a", join(root, "link"));
    await giveAway(join(root, "link"));
    expect(isTrusted(join(root, "link"))).toBe(false);
  });
});

describe("a work tree", () => {
  it.each([".git", ".hg", ".svn"])("is known by its %s, also through a link", async (mark) => {
    await mkdir(join(root, "tree", mark), { recursive: true });
    await mkdir(join(root, "tree/.cache"));
    await symlink("tree/.cache", join(root, "cache"));
    expect(isInWorkTree(join(root, "tree/.cache/slipway/code"))).toBe(true);
    expect(isInWorkTree(join(root, "cache/slipway"))).toBe(true);
    expect(isInWorkTree(root)).toBe(false);
    expect(trustedCacheDirectory({ XDG_CACHE_HOME: join(root, "tree/.cache") })).toBeUndefined();
    expect(trustedCacheDirectory({ HOME: join(root, "tree") })).toBeUndefined();
  });
});

describe("the cache directory", () => {
  const login = userInfo().homedir;

  it.each([
    ["linux", { HOME: "/home/a" }, "/home/a/.cache/slipway"],
    ["linux", { HOME: "/home/a", XDG_CACHE_HOME: "/cache" }, "/cache/slipway"],
    ["linux", { HOME: "/home/a", XDG_CACHE_HOME: "relative" }, "/home/a/.cache/slipway"],
    ["linux", { HOME: "relative" }, undefined],
    ["linux", { HOME: "" }, join(login, ".cache/slipway")],
    ["linux", {}, join(login, ".cache/slipway")],
    ["darwin", { HOME: "/Users/a" }, "/Users/a/Library/Caches/slipway"],
    ["darwin", { HOME: "/Users/a", XDG_CACHE_HOME: "/cache" }, "/cache/slipway"],
    ["darwin", { HOME: "/Users/a", XDG_CACHE_HOME: "relative" }, "/Users/a/Library/Caches/slipway"],
    ["win32", { HOME: "/home/a", XDG_CACHE_HOME: "/cache" }, undefined],
  ])("on %s with %j is %s", (platform, env, expected) => {
    expect(cacheDirectory(env, platform)).toBe(expected);
  });

  it("the cache directory is used only if no other user can write to it", async () => {
    expect(trustedCacheDirectory({ XDG_CACHE_HOME: root })).toBe(join(root, "slipway"));
    await chmod(root, 0o770);
    expect(trustedCacheDirectory({ XDG_CACHE_HOME: root })).toBeUndefined();
  });
});

it("the state directory is below the home directory of the user database, not of HOME", () => {
  const before = process.env["HOME"];
  process.env["HOME"] = root;
  try {
    expect(trustedStateDirectory("linux") ?? userInfo().homedir).toContain(userInfo().homedir);
    expect(trustedStateDirectory("linux") ?? "").not.toContain(root);
  } finally {
    process.env["HOME"] = before;
  }
});
