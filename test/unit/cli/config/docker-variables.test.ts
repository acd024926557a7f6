import { readFile, readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { DOCKER_VARIABLES, dockerNotices } from "../../../../src/cli/config/docker-variables.ts";

describe("DOCKER_BUILDKIT", () => {
  it("0 asks for the classic builder, and gives a warning", () => {
    expect(dockerNotices({ DOCKER_BUILDKIT: "0" })).toEqual([expect.stringContaining("DOCKER_BUILDKIT=0 is ignored")]);
    expect(dockerNotices({ DOCKER_BUILDKIT: "1" })).toEqual([]);
    expect(dockerNotices({})).toEqual([]);
  });

  it.each(["maybe", "yes"])("%s is refused, as docker does", (text) => {
    expect(() => dockerNotices({ DOCKER_BUILDKIT: text })).toThrow("expects boolean value");
  });
});

it("the table has every variable of docker that the source reads", async () => {
  const src = new URL("../../../../src/", import.meta.url);
  const files = (await readdir(src, { recursive: true })).filter((name) => name.endsWith(".ts"));
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, src), "utf8")));
  const read = texts.flatMap((text) =>
    [...text.matchAll(/env\["((?:DOCKER|BUILDKIT|BUILDX)_\w+)"\]/g)].map(([, name]) => name),
  );
  expect(read.length).toBeGreaterThan(3);
  const known = new Set(DOCKER_VARIABLES.map(({ name }) => name));
  expect(read.filter((name) => name !== undefined && !known.has(name))).toEqual([]);
});
