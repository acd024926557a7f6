import { describe, expect, test } from "vitest";
import { parseIgnoreFile } from "../../../../src/lib/dockerignore/dockerignore.ts";
import { InvalidInput } from "../../../../src/errors.ts";

const OUT = "left out";
const IN = "sent";
const ERROR = "refused";

function judge(patterns: string, path: string): string {
  try {
    return parseIgnoreFile(patterns).explain(path).excluded ? OUT : IN;
  } catch (error) {
    if (error instanceof InvalidInput) return ERROR;
    throw error;
  }
}

/** Results of fsutil's walk over a real tree. Other implementations get each of these lines wrong. */
const KNOWN: [patterns: string, path: string, outcome: string][] = [
  ["foo", "a/foo", IN],
  ["*.log", "a/b.log", IN],
  ["**/*.log", "b.log", OUT],
  ["/foo", "a/foo", IN],
  ["foo/", "foo", OUT],
  ["a/*", "a/b/c", OUT],
  ["a/**", "a", IN],
  ["a/**/c", "a/c", OUT],
  ["a**/b", "ab", OUT],
  ["a/**b", "a/xb", IN],
  ["**foo", "a/barfoo", OUT],
  ["foo**", "foobar/baz", OUT],
  ["**/foo/**", "foo", IN],
  ["*\n!docs/a.md", "docs/a.md", IN],
  ["node_modules\n!node_modules/keep", "node_modules/keep/x.js", IN],
  ["a/b\n!a", "a/b/c", OUT],
  ["*/b\n!a", "a/b", OUT],
  ["a\n!a/*/c", "a/b/c", IN],
  ["**/*\n!**/*.go", "src/x/main.go", IN],
  ["dir\n!dir/sub\ndir/sub/tmp", "dir/sub/ok", IN],
  ["a\n!a/b/c", "a/b", OUT],
  ["**/node_modules", "x/y/node_modules/p/i.js", OUT],
  ["**/node_modules", "node_modules/p/i.js", OUT],
  [" # c", "# c", OUT],
  ["*\n!!foo", "!foo", IN],
  ["! foo\n*\n! foo", "foo", IN],
  ["foo\\ ", "foo ", ERROR],
  ["./foo", "foo", OUT],
  ["a/../foo", "foo", OUT],
  ["[!a]", "b", IN],
  ["[a", "[a", ERROR],
  ["[]a]x", "]x", ERROR],
  ["\\d", "5", OUT],
  ["^foo*", "^foo.txt", IN],
  ["(x)|.y+$*", "(x)|.y+$z", OUT],
  ["FOO", "foo", IN],
  ["\u{feff}foo", "foo", OUT],
  ["bar\r\nfoo\r\n", "bar", OUT],
  ["\u{a0}foo", "foo", OUT],
  ["!", "x", ERROR],
];

const MORE: [patterns: string, path: string, outcome: string][] = [
  // Lines
  ["#foo", "#foo", IN],
  ["foo\n\u{feff}bar", "bar", IN],
  ["\t foo \t", "foo", OUT],
  ["\u{85}\u{2003}foo\u{3000}", "foo", OUT],
  ["foo\r\r", "foo", OUT],
  ["foo\0", "foo", IN],
  ["! ", "x", ERROR],
  ["/!", "x", ERROR],
  ["*\n/!foo", "foo", IN],
  ["*\nx/../!foo", "foo", IN],
  ["*\n!/foo", "foo", IN],
  ["/ foo", "foo", OUT],
  ["a//b///c/", "a/b/c", OUT],
  [".", "foo", IN],
  ["/", "foo", IN],
  ["../foo", "foo", IN],
  ["", "foo", IN],
  // Wildcards
  ["*", ".hidden", OUT],
  ["?", "é", OUT],
  ["?", "😀", OUT],
  ["??", "😀", IN],
  ["?", "a\nb", IN],
  ["a*", "a\nb", OUT],
  ["a-*", "a-b", OUT],
  ["**", "a/b", OUT],
  ["***", "a/b", OUT],
  ["a/**/**/b", "a/b", OUT],
  ["**/a/*.md", "x/y/a/b.md", OUT],
  ["*/*", "a", IN],
  ["a.c", "abc", IN],
  ["a.c*", "abc", IN],
  ["{a,b}*", "{a,b}", OUT],
  ["a{2}*", "aa", OUT],
  ["a|b*", "b", OUT],
  ["a|b", "b", IN],
  // Classes and escapes
  ["[a-c]x", "bx", OUT],
  ["[^a]x", "bx", OUT],
  ["[^a]x", "ax", IN],
  ["[[:digit:]]*", "5x", OUT],
  ["[[:^digit:]]*", "5x", IN],
  ["[\\d]*", "5x", OUT],
  ["\\*", "*", OUT],
  ["\\*", "x", IN],
  ["\\x41*", "Ab", OUT],
  ["\\p{Greek}*", "αx", OUT],
  ["\\P{^Greek}*", "αx", OUT],
  ["\\Qa*\\E*", "a[^/]*b", OUT],
  ["[é-ö]", "ó", OUT],
  ["[]", "x", ERROR],
  ["[a-]", "a", ERROR],
  ["[-a]", "a", ERROR],
  ["a\\", "a", ERROR],
  // Found only when the pattern is compiled, which is when a path first needs it
  ["\\e*", "x", ERROR],
  ["*\n\\e*", "x", OUT],
  ["!\\e*", "x", IN],
  ["*\n!\\e*", "x", ERROR],
  ["[b-a]x", "x", ERROR],
  ["!a*[", "x", IN],
  // Order, parents, pruning
  ["!foo\nfoo", "foo", OUT],
  ["foo\n!foo\nfoo", "foo", OUT],
  ["foo\n!foo", "foo/x", IN],
  ["a\n!a\na/b", "a/b/c", OUT],
  ["a/b\n!a/*/**", "a/b/c", OUT],
  ["a/b\n!a/**/c", "a/b/c", IN],
  ["a\n!**/c", "a/b/c", IN],
  ["a\n!b", "a/b", OUT],
];

describe("ignore rules", () => {
  test.each(KNOWN)("%j: %j is %s", (patterns, path, outcome) => {
    expect(judge(patterns, path)).toBe(outcome);
  });

  test.each(MORE)("%j: %j is %s, too", (patterns, path, outcome) => {
    expect(judge(patterns, path)).toBe(outcome);
  });

  test("bytes that are not UTF-8 match themselves, and count as one character each", () => {
    const excludes = (pattern: string, path: string) =>
      parseIgnoreFile(Buffer.from(pattern, "latin1")).excludes(path, undefined);
    expect(excludes("caf\xe9", "caf\xe9")).toBe(true);
    expect(excludes("caf?", "caf\xe9")).toBe(true);
    expect(excludes("n??", "n\xf0\x9f")).toBe(true);
    expect(excludes("n?", "n\xf0\x9f")).toBe(false);
  });

  test("a malformed pattern is named with its file, its line and a remedy", () => {
    const parse = () => parseIgnoreFile("# first\n\nfoo\n[a\n", "app.dockerignore");
    expect(parse).toThrow(InvalidInput);
    expect(parse).toThrow("app.dockerignore line 4: [a is not a valid pattern: a [ is not closed");
    const remedies = expect.arrayContaining(["Remove line 4 of app.dockerignore."]) as unknown;
    expect(parse).toThrow(expect.objectContaining({ suggestions: remedies }));
  });

  test("a line may have 65 535 bytes and no more", () => {
    expect(judge("x".repeat(65_535), "foo")).toBe(IN);
    expect(judge("x".repeat(65_536), "foo")).toBe(ERROR);
    expect(judge(`#${"x".repeat(65_536)}\nfoo`, "foo")).toBe(ERROR);
    expect(judge("é".repeat(32_768), "foo")).toBe(ERROR);
  });

  test("without an ignore file nothing is excluded", () => {
    const rules = parseIgnoreFile(undefined);
    expect(rules.explain(".git/config")).toEqual({
      excluded: false,
      line: undefined,
      text: undefined,
      matched: undefined,
    });
  });

  test("many wildcards in a row do not take for ever", () => {
    const rules = parseIgnoreFile(`${"**/".repeat(30)}x`);
    expect(rules.excludes(`${"a/".repeat(60)}y`, undefined)).toBe(false);
  });
});

describe("explain", () => {
  const rules = parseIgnoreFile("# what is not built\nnode_modules\n*.log\n!keep.log\n\n build \n!build/out/*\n");

  test.each([
    ["a.log", true, 3, "*.log", "a.log"],
    ["keep.log", false, 4, "!keep.log", "keep.log"],
    ["node_modules/a/b", true, 2, "node_modules", "node_modules"],
    ["build/x", true, 6, " build ", "build"],
    ["build/out/x", false, 7, "!build/out/*", "build/out/x"],
    ["src", false, undefined, undefined, undefined],
  ])("%s", (path, excluded, line, text, matched) => {
    expect(rules.explain(path)).toEqual({ excluded, line, text, matched });
  });
});

describe("directories that are left out", () => {
  test.each([
    ["a", "a", false],
    ["a\n!b", "a", false],
    ["a\n!a/b", "a", true],
    ["a\n!a/b/c", "a/b", true],
    ["a\n!a/b/*", "a/b", true],
    ["a\n!a/b/**", "a/b/c", false],
    ["a\n!*/b", "x", true],
    ["a\n!x[12]", "a", true],
  ])("%j: %s is entered: %s", (patterns, directory, entered) => {
    expect(parseIgnoreFile(patterns).mayReinclude(directory)).toBe(entered);
  });
});
