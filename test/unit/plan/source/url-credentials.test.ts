/** The user and password of a repository's URL reach its server, and no other user of this machine. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { clone } from "../../../../src/plan/source/clone.ts";
import { limitsOf } from "../../../../src/plan/source/source-limits.ts";
import { plainRemote } from "../../../../src/plan/source/url-credentials.ts";
import { serveGit } from "./git-server.ts";
import type { GitServer } from "./git-server.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "slipway-home-"));
  vi.stubEnv("HOME", home);
  vi.stubEnv("XDG_CONFIG_HOME", join(home, ".config"));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  });
});

/** Clones into a new directory. */
async function cloned(remote: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "slipway-clone-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  await clone({ remote, keepGitDir: false }, directory, {
    access: { submodules: [], none: false },
    limits: limitsOf({}),
    signal: new AbortController().signal,
  });
  return directory;
}

it.each([
  ["https://u:p@git.example.com/a.git", "https://git.example.com/a.git", "u", "p"],
  ["HTTPS://u:p%40q@Git.example.com:8443/a@b.git?x=@", "HTTPS://Git.example.com:8443/a@b.git?x=@", "u", "p@q"],
  ["http://u:p@ss@[::1]:80/a", "http://[::1]:80/a", "u", "p@ss"],
  ["https://u:@git.example.com", "https://git.example.com", "u", ""],
  ["https://:t@git.example.com/a", "https://git.example.com/a", "", "t"],
])("git gets %s without what is secret", (url, remote, user, password) => {
  const plain = plainRemote(url);
  expect(plain.remote).toBe(remote);
  expect(plain.variables).toEqual({ SLIPWAY_GIT_USER: user, SLIPWAY_GIT_PASSWORD: password });
});

it.each([
  "https://git.example.com/a@b.git",
  "ssh://git@git.example.com/a.git",
  "git@git.example.com:a.git",
  "https://u:p%0Aq@git.example.com/a.git",
  "https://u:%ff@git.example.com/a.git",
])("git gets %s as it is", (url) => {
  expect(plainRemote(url)).toEqual({ remote: url, settings: [], variables: {} });
});

describe("the user and password of a repository's URL", () => {
  /** Every argument of every program of this machine, each time that git's server is asked. */
  const running: string[] = [];
  let watched: GitServer;
  /** The same machine, but another host for git. */
  let other: GitServer;
  beforeAll(async () => {
    watched = await serveGit((path) => {
      for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        try {
          running.push(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
        } catch {
          // It has ended meanwhile.
        }
      }
      return path.includes("private");
    });
    other = await serveGit();
    watched.add("/team/private-inner.git", { f: "inner\n" });
    watched.add("/team/private-app.git", { f: "f\n" }, { sub: "../private-inner.git" });
  });
  afterAll(() => {
    watched.close();
    other.close();
  });
  beforeEach(() => {
    running.length = 0;
    watched.seen.length = 0;
  });
  const urlWith = (userInfo: string): string => `${watched.url.replace("//", `//${userInfo}@`)}/team/private-app.git`;

  it.each(["user:password", "us%65r:p%61ssword"])(
    "%s is in the arguments of no program, and reaches the repository and its submodule",
    async (userInfo) => {
      const directory = await cloned(urlWith(userInfo));
      expect(readFileSync(join(directory, "sub/f"), "utf8")).toBe("inner\n");
      expect(running.filter((args) => args.includes("git") && args.includes("/team/private-app.git"))).not.toEqual([]);
      expect(running.filter((args) => /p(?:a|%61)ssword/.test(args))).toEqual([]);
      expect(watched.seen.filter((seen) => seen.endsWith(" user:password"))).not.toEqual([]);
    },
  );

  it("no helper of the user's is asked for it, or told it", async () => {
    const asked = join(home, "asked");
    const helper = `!f() { echo "$1" >> ${asked}; cat >> ${asked}; }; f`;
    writeFileSync(join(home, ".gitconfig"), `[credential]\n\thelper = "${helper.replaceAll('"', '\\"')}"\n`);
    await cloned(urlWith("user:password"));
    expect(readdirSync(home)).not.toContain("asked");
  });

  it("a user without a password is asked for as before", async () => {
    writeFileSync(join(home, ".git-credentials"), `${watched.url.replace("//", "//user:password@")}\n`);
    writeFileSync(join(home, ".gitconfig"), "[credential]\n\thelper = store\n");
    expect(readFileSync(join(await cloned(urlWith("user")), "f"), "utf8")).toBe("f\n");
    await expect(cloned(urlWith("nobody"))).rejects.toThrow(/^git could not fetch/);
  });

  it("no rule of the user's for URLs without a user is applied", async () => {
    const rule = `[url "${other.url}/elsewhere/"]\n\tinsteadOf = ${watched.url}/team/\n`;
    writeFileSync(join(home, ".gitconfig"), rule);
    await cloned(urlWith("user:password"));
    expect(other.seen).toEqual([]);
  });

  it("a wrong password is a failure that does not show it", async () => {
    const failure = cloned(urlWith("user:wr0ng-word"));
    await expect(failure).rejects.toThrow(/^git could not fetch http:\/\/127\.0\.0\.1:\d+\/team\/private-app\.git: /);
    await expect(failure).rejects.not.toThrow(/wr0ng/);
  });
});
