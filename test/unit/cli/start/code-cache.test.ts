import { chmod, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeCacheDirectory, readCached } from "../../../../src/cli/start/code-cache.ts";

const CODE_CACHE = new URL("../../../../src/cli/start/code-cache.ts", import.meta.url).href;
const HASH = "0123456789abcdef";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-code-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Compiled code is written when a process ends, so each run is a process of its own. */
function run(program: string, purpose = "build", place = join(directory, "kept")): string {
  const script = `
    const { runCached } = await import(${JSON.stringify(CODE_CACHE)});
    console.log(JSON.stringify(runCached(${JSON.stringify(program)}, ${JSON.stringify(place)}, ${JSON.stringify(purpose)})));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout.trim();
}

async function program(body: string, hash = HASH): Promise<string> {
  const path = join(directory, "program.cjs");
  await writeFile(path, `//${hash}\n${body}\n`);
  return path;
}

const kept = async (): Promise<string[]> => (await readdir(join(directory, "kept"))).toSorted();
const oneKept = async (): Promise<string> => join(directory, "kept", (await kept())[0] ?? "");

describe("compiled code", () => {
  it("compiled code is cached by the version of the program, the version of Node and the purpose, only for this user", async () => {
    const path = await program("exports.answer = [1, 2].map((n) => n * 21);");
    expect(run(path)).toBe('{"answer":[21,42]}');
    expect(await kept()).toEqual([`${HASH}-${process.version}-${process.arch}-build`]);
    expect((await stat(await oneKept())).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, "kept"))).mode & 0o777).toBe(0o700);
    expect(run(path)).toBe('{"answer":[21,42]}');
    run(path, "ps");
    expect(await kept()).toHaveLength(2);
  });

  it("a run that compiles nothing new keeps the cached code, and a run that compiles much more replaces it", async () => {
    const more = "function more(){" + "exports.n=(exports.n??0)+1;".repeat(20_000) + "}";
    const path = await program(`exports.small = 1; ${more} if (process.env.MORE) more();`);
    run(path);
    const first = await readFile(await oneKept());
    run(path);
    expect((await readFile(await oneKept())).equals(first)).toBe(true);
    process.env["MORE"] = "1";
    try {
      run(path);
    } finally {
      delete process.env["MORE"];
    }
    expect((await readFile(await oneKept())).length).toBeGreaterThan(first.length * 2);
  });

  it("code of another version of the program is never run, and is removed after a week", async () => {
    // The same length, which is all that V8 itself would look at.
    run(await program("exports.answer = 1;"));
    const old = await oneKept();
    expect(run(await program("exports.answer = 2;", "fedcba9876543210"))).toBe('{"answer":2}');
    expect(await kept()).toHaveLength(2);
    const longAgo = new Date(Date.now() - 8 * 24 * 3600 * 1000);
    await utimes(old, longAgo, longAgo);
    run(await program("exports.answer = 3;", "aaaaaaaaaaaaaaaa"));
    expect(await kept()).not.toContain(old.slice(old.lastIndexOf("/") + 1));
  });

  it("broken, truncated or empty cached code is written again", async () => {
    const path = await program("exports.answer = 42;");
    run(path);
    const place = await oneKept();
    const whole = await readFile(place);
    for (const broken of [
      Buffer.alloc(0),
      whole.subarray(0, 5),
      whole.subarray(0, 40),
      Buffer.alloc(whole.length, 1),
    ]) {
      await writeFile(place, broken);
      expect(run(path)).toBe('{"answer":42}');
    }
    expect(readCached(place)?.size).toBeGreaterThan(0);
  });

  it("code that other users could have written is not run", async () => {
    run(await program("exports.answer = 42;"));
    const place = await oneKept();
    expect(readCached(place)).toBeDefined();
    await chmod(place, 0o620);
    expect(readCached(place)).toBeUndefined();
    await chmod(place, 0o602);
    expect(readCached(place)).toBeUndefined();
  });

  it("a cache that cannot be written only costs time", async () => {
    const path = await program("exports.answer = 42;");
    await writeFile(join(directory, "file"), "");
    expect(run(path, "build", join(directory, "file", "below"))).toBe('{"answer":42}');
  });
});

describe("the directory of the code cache", () => {
  it.each([
    ["linux", { HOME: "/home/a" }, "/home/a/.cache/slipway/code"],
    ["linux", { HOME: "/home/a", XDG_CACHE_HOME: "/cache" }, "/cache/slipway/code"],
    ["linux", { HOME: "/home/a", XDG_CACHE_HOME: "relative" }, undefined],
    ["linux", { HOME: "" }, undefined],
    ["linux", {}, undefined],
    ["darwin", { HOME: "/Users/a", XDG_CACHE_HOME: "/cache" }, "/Users/a/Library/Caches/slipway/code"],
    ["linux", { HOME: "/home/a", NODE_DISABLE_COMPILE_CACHE: "1" }, undefined],
  ])("on %s with %j is %s", (platform, env, expected) => {
    expect(codeCacheDirectory(env, platform)).toBe(expected);
  });
});
