import { describe, expect, it } from "vitest";
import { literalSources } from "../../../../src/lib/dockerfile/literal-sources.ts";
import { misspeltStages } from "../../../../src/lib/dockerfile/misspelt-stages.ts";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";

function paths(text: string, options: Parameters<typeof literalSources>[1] = {}): string[] {
  return literalSources(parseDockerfile(text), options).map(({ path, line }) => `${line} ${path}`);
}

describe("a source that is certainly read from the context", () => {
  it.each([
    ["a name", "FROM a\nCOPY x /", ["2 x"]],
    ["several names", "FROM a\nADD x y/z /d/", ["2 x", "2 y/z"]],
    ["a name with a slash before it", "FROM a\nCOPY /x ./y/ /", ["2 x", "2 y"]],
    ["the JSON form", 'FROM a\nCOPY ["x", "/d"]', ["2 x"]],
    ["flags that change nothing of it", "FROM a\nCOPY --chown=1:1 --chmod=755 --link x /", ["2 x"]],
    ["a variable that ENV sets in the stage", "FROM a\nENV D=x\nCOPY $D/y /", ["3 x/y"]],
    ["an instruction of several lines", "FROM a\nCOPY x \\\n  y \\\n  /d/", ["2 x", "2 y"]],
    ["a stage that the target needs", "FROM a AS b\nCOPY x /\nFROM a\nCOPY --from=b /x /", ["2 x"]],
  ])("is %s", (_, text, expected) => {
    expect(paths(text)).toEqual(expected);
  });

  it.each([
    ["a pattern", "FROM a\nCOPY x* y? [z] /"],
    ["the whole context", "FROM a\nCOPY . ./ / /d/"],
    ["a path with ..", "FROM a\nCOPY ../x a/../b /"],
    ["a file of another stage", "FROM a AS b\nFROM a\nCOPY --from=b x /"],
    ["what --parents or --exclude may change", "FROM a\nCOPY --parents x /\nCOPY --exclude=*.md y /"],
    ["a heredoc", "FROM a\nCOPY <<x /d\ntext\nx"],
    ["a URL or a repository", "FROM a\nADD https://h/x git@h:x http://h/x.git h.example/x.git /"],
    ["an argument: the base image may set it", "FROM a\nARG D=x\nCOPY $D /"],
    ["a variable that nobody sets", "FROM a\nCOPY $D /"],
    ["a variable of another stage", "FROM a AS b\nENV D=x\nFROM b\nCOPY $D /"],
    ["a name in quotes or with an escape", 'FROM a\nCOPY "x" /\nCOPY a\\ b /'],
    ["a stage that the target does not need", "FROM a AS b\nCOPY x /\nFROM a"],
    ["a trigger", "FROM a\nONBUILD COPY x /"],
    ["a file of another frontend's", "# syntax=example.com/other\nFROM a\nCOPY x /"],
  ])("is not %s", (_, text) => {
    expect(paths(text)).toEqual([]);
  });

  it("is only one of the stages that the target needs", () => {
    const text = "FROM a AS b\nCOPY x /\nFROM a AS c\nCOPY y /";
    expect(paths(text, { target: "b" })).toEqual(["2 x"]);
  });

  it("is none if a build argument chooses another frontend", () => {
    expect(paths("FROM a\nCOPY x /", { buildArgs: new Map([["BUILDKIT_SYNTAX", "h/other"]]) })).toEqual([]);
  });
});

describe("a misspelt stage", () => {
  const found = (text: string) =>
    misspeltStages(parseDockerfile(text)).map(({ name, meant, line }) => [name, meant, line]);

  it("is a name near that of an earlier stage", () => {
    expect(found("FROM a AS build\nFROM a\nCOPY --from=biuld /x /\nRUN --mount=from=bild,target=/y true")).toEqual([
      ["biuld", "build", 3],
      ["bild", "build", 4],
    ]);
  });

  it.each([
    ["a stage", "FROM a AS build\nFROM a\nCOPY --from=BUILD /x /"],
    ["a number", "FROM a AS s1\nFROM a\nCOPY --from=0 /x /"],
    ["an image with a tag or a path", "FROM a AS build\nFROM a\nCOPY --from=biuld:1 /x /\nCOPY --from=x/biuld /x /"],
    ["a name that is near to none", "FROM a AS build\nFROM a\nCOPY --from=alpine /x /"],
    ["near to a later stage", "FROM a\nCOPY --from=biuld /x /\nFROM a AS build\nCOPY --from=0 / /"],
  ])("is not %s", (_, text) => {
    expect(found(text)).toEqual([]);
  });
});
