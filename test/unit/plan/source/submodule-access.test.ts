/** Which submodules get the user's credentials. */
import { describe, expect, it } from "vitest";
import {
  mayUseCredentials,
  originOf,
  parseAllowed,
  resolveSubmodule,
  withoutUser,
} from "../../../../src/plan/source/submodule-access.ts";

const TOP = "https://git.example.com/team/app.git";

function may(url: string, top = TOP, allowed: readonly string[] = []): boolean {
  const origin = originOf(url);
  return origin !== undefined && mayUseCredentials(origin, originOf(top), allowed);
}

describe("credentials are for", () => {
  it.each([
    ["the same owner", "https://git.example.com/team/lib.git"],
    ["a group of the same owner", "https://git.example.com/team/group/lib.git"],
    ["the same host in capitals", "https://GIT.example.com/team/lib.git"],
    ["the same host and owner by ssh", "ssh://git@git.example.com/team/lib.git"],
    ["the same host and owner in scp's form", "git@git.example.com:team/lib.git"],
  ])("%s", (_what, url) => {
    expect(may(url)).toBe(true);
  });

  it.each([
    ["another host", "https://git.example.org/team/lib.git"],
    ["another port", "https://git.example.com:8443/team/lib.git"],
    ["another owner", "https://git.example.com/corp/lib.git"],
    ["no owner", "https://git.example.com/lib.git"],
    ["an owner that begins alike", "https://git.example.com/team2/lib.git"],
    ["plain http", "http://git.example.com/team/lib.git"],
    ["git's own protocol", "git://git.example.com/team/lib.git"],
    ["dots that lead to another owner", "https://git.example.com/team/../corp/lib.git"],
    ["dots in another spelling", "https://git.example.com/team/%2e%2e/corp/lib.git"],
    ["a slash in another spelling", "https://git.example.com/team%2f..%2fcorp/lib.git"],
    ["a backslash", "https://git.example.com/team\\..\\corp/lib.git"],
    ["dots in scp's form", "git@git.example.com:team/../corp/lib.git"],
    ["another host before an @", "https://git.example.com@evil.example.com/team/lib.git"],
    ["a file", "file:///home/me/private"],
    ["a path", "/home/me/private"],
    ["a program", "ext::sh -c id"],
  ])("not for %s", (_what, url) => {
    expect(may(url)).toBe(false);
  });

  it("a host without owners, if the repository has none", () => {
    expect(may("https://git.example.com/lib.git", "https://git.example.com/app.git")).toBe(true);
    expect(may("https://git.example.com/team/lib.git", "https://git.example.com/app.git")).toBe(false);
  });

  it("what --submodule-credentials names, and nothing else", () => {
    const corp = "https://other.example.com/corp/deep/lib.git";
    expect(may(corp, TOP, ["other.example.com"])).toBe(true);
    expect(may(corp, TOP, ["other.example.com/corp"])).toBe(true);
    expect(may(corp, TOP, ["other.example.com/corp/deep"])).toBe(true);
    expect(may(corp, TOP, ["other.example.com/cor"])).toBe(false);
    expect(may(corp, TOP, ["example.com/corp"])).toBe(false);
    expect(may(corp.replace("https", "http"), TOP, ["other.example.com"])).toBe(false);
  });
});

it.each(["", "https://github.com", "github.com/../corp", "a b", "/corp", "host//x"])(
  "%o is not a value of --submodule-credentials",
  (value) => {
    expect(() => parseAllowed(value)).toThrow(`--submodule-credentials ${value} is not a host`);
  },
);

it.each([
  ["https://h/team/app.git", "../lib.git", "https://h/team/lib.git"],
  ["https://h/team/app.git/", "../../corp/lib.git/", "https://h/corp/lib.git"],
  ["https://h/team/app.git", "./sub.git", "https://h/team/app.git/sub.git"],
  ["git@h:team/app.git", "../lib.git", "git@h:team/lib.git"],
  ["git@h:app.git", "../lib.git", "git@h:lib.git"],
  ["https://h/team/app.git", "https://other/x.git", "https://other/x.git"],
])("in %s the submodule %s is %s", (remote, url, resolved) => {
  expect(resolveSubmodule(remote, url)).toBe(resolved);
});

it("a URL that a repository lends its password loses it", () => {
  expect(withoutUser("https://me:secret@h/corp/lib.git")).toBe("https://h/corp/lib.git");
  expect(withoutUser("git@h:corp/lib.git")).toBe("git@h:corp/lib.git");
});
