import { expect, it } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { parseGitSource } from "../../../../src/plan/source/git-url.ts";
import { publicUrl } from "../../../../src/lib/text/public-url.ts";

const PLAIN = { keepGitDir: false };

it.each([
  ["https://h/a.git", { remote: "https://h/a.git", ...PLAIN }],
  ["https://h/a.git#v1:sub/dir", { remote: "https://h/a.git", ref: "v1", subdir: "sub/dir", ...PLAIN }],
  ["https://h/a.git#:sub", { remote: "https://h/a.git", subdir: "sub", ...PLAIN }],
  ["git@h:a/b.git#main", { remote: "git@h:a/b.git", ref: "main", ...PLAIN }],
  ["git://h/a", { remote: "git://h/a", ...PLAIN }],
  ["ssh://u@h:22/a", { remote: "ssh://u@h:22/a", ...PLAIN }],
  ["github.com/a/b", { remote: "https://github.com/a/b", ...PLAIN }],
  ["https://h/a.git?branch=b&subdir=s", { remote: "https://h/a.git", ref: "refs/heads/b", subdir: "s", ...PLAIN }],
  ["https://h/a.git?tag=t&commit=abcd", { remote: "https://h/a.git", ref: "refs/tags/t", commit: "abcd", ...PLAIN }],
  ["https://h/a.git?keep-git-dir&submodules=false", { remote: "https://h/a.git", submodules: false, keepGitDir: true }],
  ["https://h/a.tar.gz", undefined],
  ["http://h/Dockerfile", undefined],
  ["./github.com/a", undefined],
  ["a:b", undefined],
])("%s", (text, source) => {
  expect(parseGitSource(text)).toEqual(source);
});

it.each([
  ["https://h/a.git?reff=x", 'unexpected query "reff"'],
  ["https://h/a.git?ref=", 'query "ref" has no value'],
  ["https://h/a.git?ref=a&ref=b", 'query "ref" has multiple values'],
  ["https://h/a.git?ref=a#b", 'ref conflicts: "b" vs "a"'],
  ["https://h/a.git?submodules=maybe", 'invalid submodules value: "maybe"'],
  ["https://h/a.git#--upload-pack=x", 'invalid ref "--upload-pack=x": it begins with a dash'],
  ["https://h/a.git?commit=zz", 'invalid checksum "zz": it is not the hash of a commit'],
])("%s is refused", (text, message) => {
  expect(() => parseGitSource(text)).toThrow(InvalidInput);
  expect(() => parseGitSource(text)).toThrow(message);
});

it("a URL is shown without its password", () => {
  expect(publicUrl("https://me:secret@h/a.git")).toBe("https://h/a.git");
  expect(publicUrl("git@h:a.git")).toBe("git@h:a.git");
});
