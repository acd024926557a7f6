import { describe, expect, it } from "vitest";
import { expandWord } from "../../../../src/lib/dockerfile/expand.ts";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";
import { findImages, imageReferences, type ReferenceOptions } from "../../../../src/lib/dockerfile/references.ts";
import { MOST_GROWTH, growthOf } from "../../support/growth.ts";

const images = (text: string, options: ReferenceOptions = {}) => imageReferences(parseDockerfile(text), options);

const MULTI = `
ARG BASE=alpine
ARG VERSION=3.20
FROM \${BASE}:\${VERSION} AS base
FROM golang:1 AS build
COPY --from=node:22 /x /y
FROM unused AS other
FROM base AS final
COPY --from=build /a /b
COPY --from=1 /a /b
RUN --mount=type=bind,from=busybox,target=/x --mount=type=cache,target=/c make
RUN --mount=type=bind,source=/,"from=build",target=/x true
`;

describe("the images of a build", () => {
  it("a build pulls the images that its target needs, and no stages", () => {
    expect(images(MULTI)).toEqual(["alpine:3.20", "golang:1", "node:22", "busybox"]);
    expect(images(MULTI, { target: "build" })).toEqual(["golang:1", "node:22"]);
    expect(images(MULTI, { target: "base" })).toEqual(["alpine:3.20"]);
    expect(images(MULTI, { target: "1" })).toEqual(["golang:1", "node:22"]);
  });

  it("a builder that builds every stage up to the target pulls more images", () => {
    expect(images(MULTI, { everyStage: true })).toEqual(["alpine:3.20", "golang:1", "node:22", "unused", "busybox"]);
    expect(images(MULTI, { everyStage: true, target: "build" })).toEqual(["alpine:3.20", "golang:1", "node:22"]);
  });

  it("come with the line to point at", () => {
    expect(findImages(parseDockerfile("FROM a:$X\nCOPY \\\n --from=b /x /y\n"))).toEqual([
      { image: undefined, text: "a:$X", line: 1, by: "FROM" },
      { image: "b", text: "b", line: 2, by: "COPY" },
    ]);
  });

  it.each([
    ["FROM scratch\nCOPY --from=scratch / /", []],
    ["FROM app AS app", ["app"]],
    ["FROM later AS a\nFROM b AS later\nCOPY --from=a / /", ["later", "b"]],
    ["FROM a AS Stage\nFROM STAGE\nCOPY --from=sTaGe / /", ["a"]],
    ["FROM a AS x\nFROM b AS x\nFROM x", ["b"]],
    ["FROM a\nCOPY --from=5 / /", ["a"]],
    ["FROM a AS a1\nCOPY --from=b1 / /\nFROM b AS b1\nCOPY --from=a1 / /", ["a", "b"]],
    ["FROM a\nONBUILD COPY --from=b / /", ["a"]],
    ["FROM a\nRUN <<EOF\nCOPY --from=b / /\nEOF", ["a"]],
    ["FROM a\nFROM a", ["a"]],
    ['FROM "a:1"', ["a:1"]],
  ])("%j", (text, expected) => {
    expect(images(text)).toEqual(expected);
  });
});

describe("arguments", () => {
  const of = (from: string, options: ReferenceOptions = {}) =>
    images(`ARG SET=s\nARG EMPTY=\nARG BARE\nARG TWO=$SET-2 THREE="3"\nFROM ${from}`, options)[0];

  it.each([
    ["a:$SET", "a:s"],
    ["a:${SET}x", "a:sx"],
    ["a:$TWO", "a:s-2"],
    ["a:$THREE", "a:3"],
    ["a:$SETx", undefined],
    ["a:$BARE", undefined],
    ["a${EMPTY}", "a"],
    ["a:${BARE:-x}", "a:x"],
    ["a:${EMPTY:-x}", "a:x"],
    ["a${EMPTY-x}", "a"],
    ["a:${SET:-x}", "a:s"],
    ["a${SET:+-x}", "a-x"],
    ["a${BARE:+-x}", "a"],
    ["a${EMPTY:+-x}", "a"],
    ["a${EMPTY+-x}", "a-x"],
    ["a:${BARE:-${SET}1}", "a:s1"],
    ["${BARE:-r.io:5000/${SET}}/a", "r.io:5000/s/a"],
    ["a:${SET:?no}", "a:s"],
    ["a:${BARE:?no}", undefined],
    ["a:${SET#s}", undefined],
    ["a:${", undefined],
    ["a:${SET", undefined],
    ["a:\\$SET", "a:$SET"],
    ["'a:$SET'", "a:$SET"],
    ["$EMPTY", undefined],
    ["a:$TARGETARCH", undefined],
  ])("%s is %s", (from, image) => {
    expect(of(from)).toBe(image);
  });

  it("--build-arg overrides the default of a declared argument", () => {
    const buildArgs = new Map([
      ["SET", "given"],
      ["BARE", "b"],
      ["NOBODY", "n"],
    ]);
    expect(of("a:$SET", { buildArgs })).toBe("a:given");
    expect(of("a:$TWO", { buildArgs })).toBe("a:given-2");
    expect(of("a:$BARE", { buildArgs })).toBe("a:b");
    expect(of("a:$NOBODY", { buildArgs })).toBeUndefined();
  });

  it("the builder's own arguments need no declaration", () => {
    const predefined = new Map([["TARGETARCH", "arm64"]]);
    expect(of("a:$TARGETARCH", { predefined })).toBe("a:arm64");
    expect(of("a:$TARGETARCH", { predefined, buildArgs: new Map([["TARGETARCH", "amd64"]]) })).toBe("a:amd64");
    expect(images("ARG TARGETARCH\nFROM a:$TARGETARCH", { predefined })).toEqual(["a:arm64"]);
  });

  it("arguments of a stage do not apply to FROM", () => {
    expect(images("ARG A=1\nFROM a:$A\nARG A=2\nFROM b:$A", { everyStage: true })).toEqual(["a:1", "b:1"]);
  });

  it("nested without end are given up", () => {
    const closed = (depth: number): string => `${"${A:-".repeat(50 + depth)}x${"}".repeat(50 + depth)}`;
    const open = (depth: number): string => "${A:-".repeat(depth);
    const lookups = (word: string): number => {
      let count = 0;
      const lookup = (): undefined => void (count += 1);
      expect(expandWord(word, lookup, "\\")).toBeUndefined();
      return count;
    };
    expect(lookups(closed(5000))).toBe(lookups(closed(0)));
    expect(lookups(open(5000))).toBe(0);
    expect(growthOf({ input: closed, work: lookups, size: 20_000 })).toBeLessThan(MOST_GROWTH);
    expect(growthOf({ input: open, work: lookups, size: 100_000 })).toBeLessThan(MOST_GROWTH);
  });
});
