import { readFile, readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { DOCKER_VARIABLES, dockerNotices } from "../../../../src/cli/config/docker-variables.ts";

describe("DOCKER_BUILDKIT", () => {
  it("is said to mean nothing where it asks for the classic builder", () => {
    expect(dockerNotices({ DOCKER_BUILDKIT: "0" })).toEqual([
      expect.stringContaining("DOCKER_BUILDKIT=0 means nothing"),
    ]);
    expect(dockerNotices({ DOCKER_BUILDKIT: "1" })).toEqual([]);
    expect(dockerNotices({})).toEqual([]);
  });

  it.each(["maybe", "yes"])("that docker would not read is refused: %s", (text) => {
    expect(() => dockerNotices({ DOCKER_BUILDKIT: text })).toThrow("expects boolean value");
  });
});

it("every variable of docker's that the source reads is in the table", async () => {
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
