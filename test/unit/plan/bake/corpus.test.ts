/** What `bake --print` and `--list` print, held against buildx's recorded answers: a corpus, and a sample of random definitions. */
import { describe, expect, it } from "vitest";
import { CaseDirectory, answerOurs, comparable } from "../../../conformance/bake/answer.ts";
import type { Answer, BakeCase } from "../../../conformance/bake/answer.ts";
import { readCorpus, readSample } from "../../../conformance/bake/compare.ts";

function ours(one: BakeCase): string {
  using directory = new CaseDirectory(one);
  return shown(answerOurs(one, directory.path));
}

function shown(answer: Answer): string {
  return "refused" in answer ? "refused" : comparable(answer);
}

describe("a bake definition is printed as buildx prints it, or refused where buildx refuses it", () => {
  it.each([...readCorpus()])("%s", (_, one) => {
    expect(ours(one)).toBe(shown(one.expected));
  });

  it("random definitions", () => {
    for (const one of readSample()) expect({ one, answer: ours(one) }).toEqual({ one, answer: shown(one.expected) });
  });
});
