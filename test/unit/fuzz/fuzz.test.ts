/** A sample of `make fuzz`, and the inputs that it once found something with. */
import { describe, expect, it } from "vitest";
import { CORPUS } from "../../fuzz/corpus.ts";
import { judge, runCases } from "../../fuzz/run-cases.ts";
import { TARGETS } from "../../fuzz/targets.ts";

describe("what is parsed from outside ends in a result or a sentence", () => {
  it.each(TARGETS.map((target) => [target.name, target] as const))("%s", async (_name, target) => {
    expect(await runCases(target, 300, 7)).toEqual([]);
  });

  it.each(CORPUS)("found once: %s, %#", async (name, input) => {
    const [target] = TARGETS.filter((one) => one.name === name);
    if (target === undefined) throw new Error(`there is no target ${name}`);
    expect(await judge(target, input)).toBeUndefined();
  });
});
