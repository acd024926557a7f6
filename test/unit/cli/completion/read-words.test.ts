import { describe, expect, it } from "vitest";
import { readWords } from "../../../../src/cli/completion/read-words.ts";
import type { KnownFlag } from "../../../../src/cli/completion/read-words.ts";

const flag = (name: string, given: Partial<KnownFlag> = {}): KnownFlag => ({
  name,
  takesValue: true,
  repeatable: false,
  withoutValue: false,
  ...given,
});
const FLAGS = [
  flag("namespace", { char: "n" }),
  flag("tag", { char: "t", repeatable: true }),
  flag("quiet", { char: "q", takesValue: false }),
  flag("load", { withoutValue: true }),
];

/** What was read, in short: the given flags, the args, the flag whose value is typed, and the word at the cursor. */
function read(...words: string[]) {
  const { given, positional, flag: valued, typed } = readWords(words, FLAGS);
  return [Object.fromEntries(given), positional, valued?.name, typed];
}

describe("a command line that is not finished", () => {
  it.each([
    ["an empty word", [""], [{}, [], undefined, ""]],
    ["the value of a flag in the next word", ["-n", "ku"], [{}, [], "namespace", "ku"]],
    ["the value of a flag after an equals sign", ["--namespace=ku"], [{}, [], "namespace", "ku"]],
    ["an empty value after an equals sign", ["--namespace="], [{}, [], "namespace", ""]],
    ["the value of the last of several short flags", ["-qn", "ku"], [{ quiet: [] }, [], "namespace", "ku"]],
    ["short flags with their value in one word", ["-nx", "-n=y", ""], [{ namespace: ["x", "y"] }, [], undefined, ""]],
    ["values of a repeated flag", ["-t", "a", "--tag=b", ""], [{ tag: ["a", "b"] }, [], undefined, ""]],
    ["a flag that needs no value", ["--load", "x"], [{ load: [] }, [], undefined, "x"]],
    ["a value that looks like a flag", ["-t", "-q", ""], [{ tag: ["-q"] }, [], undefined, ""]],
    ["a dash for standard input", ["-", ""], [{}, ["-"], undefined, ""]],
    ["an unknown flag", ["--nope", "--nope=1", "-Z", "."], [{}, [], undefined, "."]],
    ["words after two dashes", ["--", "-n", "--x"], [{}, ["-n"], undefined, "--x"]],
    ["a flag's name at the cursor", [".", "--na"], [{}, ["."], undefined, "--na"]],
  ])("is read up to the cursor: %s", (_, words, expected) => {
    expect(read(...words)).toEqual(expected);
  });

  it("has no flags after two dashes", () => {
    expect(readWords(["--", "--na"], FLAGS).noFlags).toBe(true);
    expect(readWords(["--na"], FLAGS).noFlags).toBe(false);
  });
});
