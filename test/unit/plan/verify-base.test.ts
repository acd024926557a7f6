import { expect, it } from "vitest";
import { verifyBases } from "../../../src/plan/verify-base.ts";
import { buildContextsOf } from "../../../src/plan/docker/build-contexts.ts";
import { parseDockerfile } from "../../../src/lib/dockerfile/parse.ts";
import { InvalidInput } from "../../../src/errors.ts";

const PIN = `@sha256:${"a".repeat(64)}`;
const verify = (text: string, args: Record<string, string> = {}, contexts: readonly string[] = []): void =>
  verifyBases(parseDockerfile(text), new Map(Object.entries(args)), buildContextsOf(contexts));

it.each([
  `FROM scratch\nCOPY . .\n`,
  `FROM a${PIN} AS one\nFROM one\nCOPY --from=one / /\nCOPY --from=r.io/b:1${PIN} / /\n`,
  `# syntax=docker/dockerfile:1${PIN}\nARG BASE=a${PIN}\nFROM $BASE\nRUN --mount=from=b${PIN},target=/b true\n`,
])("accepts a Dockerfile with a digest for every image: %j", (text) => {
  expect(() => verify(text)).not.toThrow();
});

it.each([
  ["FROM alpine:3\n", {}, "Dockerfile line 1: FROM alpine:3 has no digest, and --verify-base requires one"],
  [`FROM a${PIN}\nCOPY --from=b:1 / /\n`, {}, "Dockerfile line 2: COPY b:1 has no digest"],
  [`FROM a${PIN}\nRUN --mount=type=bind,from=b,target=/b true\n`, {}, "Dockerfile line 2: RUN b has no digest"],
  // Kaniko builds all stages above the target, also stages that the target does not need.
  [`FROM unused\nFROM a${PIN}\n`, {}, "Dockerfile line 1: FROM unused has no digest"],
  [`ARG BASE=a${PIN}\nFROM $BASE\n`, { BASE: "other" }, "Dockerfile line 2: FROM other has no digest"],
  [`ARG BASE\nFROM $BASE\n`, {}, "has a variable without a known value"],
  [
    `# syntax=docker/dockerfile:1\nFROM a${PIN}\n`,
    {},
    "Dockerfile line 1: # syntax= docker/dockerfile:1 has no digest",
  ],
])("refuses a Dockerfile with an image without a digest: %j", (text, args, message) => {
  expect(() => verify(text, args)).toThrow(InvalidInput);
  expect(() => verify(text, args)).toThrow(message);
});

it("checks the image of a --build-context, and not the name that it replaces", () => {
  const text = `FROM base\nCOPY --from=files / /\n`;
  expect(() => verify(text, {}, [`base=docker-image://a${PIN}`, "files=../files"])).not.toThrow();
  expect(() => verify(text, {}, ["base=docker-image://a", "files=../files"])).toThrow(
    "--build-context base has no digest, and --verify-base requires one",
  );
  expect(() => verify(text, {}, [`base=docker-image://a${PIN}`])).toThrow(
    "Dockerfile line 2: COPY files has no digest",
  );
});
