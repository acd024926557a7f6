import {
  chmod,
  copyFile,
  link,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { Script } from "node:vm";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeCachePlaces, compileProgram, readCached, type CodeCache } from "../../../../src/cli/start/code-cache.ts";

const CODE_CACHE = new URL("../../../../src/cli/start/code-cache.ts", import.meta.url).href;
const HASH = "0123456789abcdef";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-code-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** Compiled code is written when a process ends, so each run is a process of its own. */
function run(program: string, purpose = "build", code = join(directory, "kept")): string {
  const place: CodeCache = { code, receipts: join(directory, "receipts") };
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
const receipts = async (): Promise<string[]> => (await readdir(join(directory, "receipts"))).toSorted();
const readOne = async (): Promise<ReturnType<typeof readCached>> =>
  readCached({ code: join(directory, "kept"), receipts: join(directory, "receipts") }, (await kept())[0] ?? "");
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

  it("compiled code of a run that was long is taken by the next one, which has V8's default flags", async () => {
    const flags = "require('node:v8').setFlagsFromString('--semi-space-growth-factor=1');";
    const path = await program(`${flags} exports.answer = 42;`);
    run(path);
    const source = await readFile(path, "latin1");
    expect(compileProgram({ path, source }, (await readOne())?.code).cachedDataRejected).toBe(false);
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
    for (const file of [old, old.replace("/kept/", "/receipts/")]) await utimes(file, longAgo, longAgo);
    run(await program("exports.answer = 3;", "aaaaaaaaaaaaaaaa"));
    expect(await kept()).not.toContain(old.slice(old.lastIndexOf("/") + 1));
    expect(await receipts()).toEqual(await kept());
  });

  it.each([
    ["entries", 200, 10],
    ["bytes", 40, 4 * 1024 * 1024],
  ])("its %s are bounded: what was not used for the longest time is removed first", async (_, count, size) => {
    const path = await program("exports.answer = 42;");
    run(path);
    const { mtimeMs } = await stat(await oneKept());
    const names = Array.from({ length: count }, (_unused, at) => `${HASH}-other-${String(at).padStart(3, "0")}`);
    for (const [at, name] of names.entries()) {
      for (const [folder, bytes] of [
        ["kept", size],
        ["receipts", 10],
      ] as const) {
        await writeFile(join(directory, folder, name), "");
        await truncate(join(directory, folder, name), bytes);
        const used = new Date(mtimeMs - (count - at) * 60_000);
        await utimes(join(directory, folder, name), used, used);
      }
    }
    const partial = join(directory, "kept", ".slipway-partial");
    await writeFile(partial, "");
    run(path, "another");
    const left = await kept();
    const [others, own] = [left.filter((name) => names.includes(name)), left.filter((name) => !names.includes(name))];
    expect(own).toEqual([
      ".slipway-partial",
      `${HASH}-${process.version}-${process.arch}-another`,
      `${HASH}-${process.version}-${process.arch}-build`,
    ]);
    expect(others.length).toBeGreaterThan(5);
    expect(others.length).toBeLessThan(48);
    expect(others.length * size).toBeLessThanOrEqual(64 * 1024 * 1024);
    expect(others).toEqual(names.slice(-others.length));
    expect(await receipts()).toEqual(left.filter((name) => name !== ".slipway-partial"));
  });

  it("broken, truncated or empty cached code is written again", async () => {
    const path = await program("exports.answer = 42;");
    run(path);
    const place = await oneKept();
    const whole = await readFile(place);
    for (const broken of [whole.subarray(0, 5), Buffer.alloc(whole.length, 1)]) {
      await writeFile(place, broken);
      expect(run(path)).toBe('{"answer":42}');
    }
    expect((await readOne())?.size).toBeGreaterThan(0);
  });

  it("code that other users could have written is not run", async () => {
    run(await program("exports.answer = 42;"));
    const place = await oneKept();
    expect(await readOne()).toBeDefined();
    await chmod(place, 0o620);
    expect(await readOne()).toBeUndefined();
    await chmod(place, 0o602);
    expect(await readOne()).toBeUndefined();
  });

  it("a cache that cannot be written only costs time", async () => {
    const path = await program("exports.answer = 42;");
    await writeFile(join(directory, "file"), "");
    expect(run(path, "build", join(directory, "file", "below"))).toBe('{"answer":42}');
  });
});

describe("code that somebody else compiled", () => {
  const OWN = "exports.answer = 'own';";
  const FOREIGN = "exports.answer = 'bad';";

  /** V8 compares the length of the source only. */
  async function foreignCode(): Promise<Buffer> {
    const source = `//${HASH}\n${FOREIGN}\n`;
    const script = new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`);
    (script.runInThisContext() as (exports: object) => void)({});
    const trailer = Buffer.alloc(8);
    trailer.writeDoubleLE(1e9);
    return Buffer.concat([script.createCachedData(), trailer]);
  }

  it("is not run when it lies where the program's own would", async () => {
    const path = await program(OWN);
    run(path);
    const place = await oneKept();
    await writeFile(place, await foreignCode());
    expect(run(path)).toBe('{"answer":"own"}');
    await rm(join(directory, "receipts"), { recursive: true });
    await writeFile(place, await foreignCode());
    expect(run(path)).toBe('{"answer":"own"}');
  });

  it.each<[string, (from: string, to: string) => Promise<void>]>([
    ["restored with its times", copyFile],
    ["moved there", rename],
    ["linked there", (from, to) => symlink(from, to)],
    ["linked there as the same file", link],
  ])("is not run with the receipt of another file when it is %s", async (_how, put) => {
    const path = await program(OWN);
    run(path);
    const place = await oneKept();
    const { atime, mtime } = await stat(place);
    const foreign = join(directory, "foreign");
    await writeFile(foreign, await foreignCode(), { mode: 0o600 });
    await rm(place);
    await put(foreign, place);
    await utimes(place, atime, mtime);
    expect(await readOne()).toBeUndefined();
    expect(run(path)).toBe('{"answer":"own"}');
  });

  it("is not run out of the link of another name", async () => {
    const path = await program(OWN);
    run(path);
    const place = await oneKept();
    await rename(place, join(directory, "elsewhere"));
    await symlink(join(directory, "elsewhere"), place);
    expect(await readOne()).toBeUndefined();
  });
});

describe("the code cache", () => {
  it("is below the cache directory, with receipts that no variable moves", async () => {
    const env = { HOME: directory, XDG_CACHE_HOME: directory };
    const place = codeCachePlaces(env);
    expect([place?.code, undefined]).toContain(join(directory, "slipway/code"));
    expect(place?.receipts ?? "").not.toContain(directory);
    expect(codeCachePlaces({ ...env, NODE_DISABLE_COMPILE_CACHE: "1" })).toBeUndefined();
  });

  it("is nowhere in a work tree, and nowhere that others may write to", async () => {
    await writeFile(join(directory, ".git"), "gitdir: elsewhere");
    expect(codeCachePlaces({ HOME: directory })).toBeUndefined();
    expect(codeCachePlaces({ XDG_CACHE_HOME: join(directory, ".cache") })).toBeUndefined();
    await rm(join(directory, ".git"));
    await chmod(directory, 0o777);
    expect(codeCachePlaces({ HOME: directory })).toBeUndefined();
  });
});
