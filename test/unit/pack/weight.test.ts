import { describe, expect, it } from "vitest";
import { findHeaviest } from "../../../src/pack/weight.ts";

const paths = (sizes: Record<string, number>, count = 3) =>
  findHeaviest(Object.entries(sizes), count).map(({ path, bytes }) => [path, bytes]);

describe("the heaviest places", () => {
  it("come heaviest first, at most so many, directories with a slash", () => {
    const sizes = { "a/1": 5, "a/2": 6, "b/1": 7, "b/2": 8, "dump.sql": 100, small: 1 };
    expect(paths(sizes)).toEqual([
      ["dump.sql", 100],
      ["b/", 15],
      ["a/", 11],
    ]);
  });

  it("the heaviest directory is the one that holds nearly all bytes of its parents", () => {
    expect(paths({ "a/b/big.bin": 1000, "a/b/c": 3, "a/d": 4 })).toEqual([["a/b/big.bin", 1000]]);
    expect(paths({ "a/b/x": 500, "a/b/y": 500, "a/c": 4 })).toEqual([["a/b/", 1000]]);
  });

  it("directories that a tool made as a whole are not split", () => {
    expect(paths({ "web/node_modules/big/x.node": 1000, "web/index.js": 1 })).toEqual([["web/node_modules/", 1000]]);
  });

  it("the heaviest directories have a size in bytes", () => expect(paths({ "a/empty": 0 })).toEqual([]));

  it("count their files", () => {
    expect(
      findHeaviest(
        [
          ["a/1", 5],
          ["a/b/2", 5],
        ],
        1,
      ),
    ).toEqual([{ path: "a/", bytes: 10, files: 2 }]);
  });
});
