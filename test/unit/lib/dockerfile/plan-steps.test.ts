import { expect, it } from "vitest";
import { dockerfileExcerpt } from "../../../../src/lib/dockerfile/excerpt.ts";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";
import { planSteps } from "../../../../src/lib/dockerfile/plan-steps.ts";

const names = (text: string, target?: string): string[] =>
  planSteps(parseDockerfile(text), { target }).flatMap(({ from, steps }) =>
    [...(from === undefined ? [] : [from]), ...steps].map(({ name }) => name),
  );

it("numbers FROM and every instruction that changes files, as docker does", () => {
  expect(names("FROM a\nENV X=1\nWORKDIR /w\nLABEL a=b\nRUN one \\\n  two\nCMD x\n")).toEqual([
    "[1/3] FROM a",
    "[2/3] WORKDIR /w",
    "[3/3] RUN one two",
  ]);
});

it("names stages, or numbers those without a name", () => {
  expect(names("FROM a AS Build\nRUN x\nFROM b\nCOPY --from=build /x /y\n")).toEqual([
    "[build 1/2] FROM a",
    "[build 2/2] RUN x",
    "[stage-1 1/2] FROM b",
    "[stage-1 2/2] COPY --from=build /x /y",
  ]);
});

it("does not count a FROM that starts from another stage or from nothing", () => {
  expect(names("FROM scratch AS one\nCOPY a /\nFROM one\nCOPY b /\n")).toEqual([
    "[one 1/1] COPY a /",
    "[stage-1 1/1] COPY b /",
  ]);
});

it("leaves out stages that the target does not need", () => {
  expect(names("FROM a AS one\nRUN x\nFROM b AS two\nRUN y\n", "one")).toEqual(["[one 1/2] FROM a", "[one 2/2] RUN x"]);
});

it("aligns the numbers of a stage with ten steps or more", () => {
  const all = names(`FROM a\n${"RUN x\n".repeat(10)}`);
  expect([all[0], all[10]]).toEqual(["[ 1/11] FROM a", "[11/11] RUN x"]);
});

it("marks all lines of the failed instruction between its neighbours", () => {
  const text = "FROM a\nRUN one\nRUN two \\\n  three\nRUN four\nRUN five\nRUN six\n";
  expect(dockerfileExcerpt("Dockerfile", parseDockerfile(text), text, 4)).toEqual([
    "Dockerfile:3",
    "--------------------",
    "   1 |     FROM a",
    "   2 |     RUN one",
    "   3 | >>> RUN two \\",
    "   4 | >>>   three",
    "   5 |     RUN four",
    "   6 |     RUN five",
    "--------------------",
  ]);
});

it("shows nothing of a line that the file does not have", () => {
  expect(dockerfileExcerpt("Dockerfile", parseDockerfile("FROM a\n"), "FROM a\n", 9)).toEqual([]);
});
