import { describe, expect, it } from "vitest";
import { canonicalArguments, readArguments } from "../../../../src/lib/pflag/argv.ts";
import { InvalidInput } from "../../../../src/errors.ts";

const FLAGS = {
  tag: { takesValue: true, char: "t", multiple: true },
  "build-arg": { takesValue: true, multiple: true },
  quiet: { takesValue: false, char: "q" },
  pull: { takesValue: false },
  progress: { takesValue: true },
  isolate: { takesValue: true, withoutValue: "." },
};

const read = (...argv: string[]) => canonicalArguments(argv, FLAGS);

describe("docker's command line", () => {
  it.each([
    ["a long flag and its value", ["--tag", "a", "."], ["--tag=a", "--", "."]],
    ["one word", ["--tag=a", "."], ["--tag=a", "--", "."]],
    ["a short flag", ["-t", "a", "."], ["--tag=a", "--", "."]],
    ["one short word", ["-ta", "."], ["--tag=a", "--", "."]],
    ["a short flag with =", ["-t=a", "."], ["--tag=a", "--", "."]],
    ["short flags together", ["-qt", "a", "."], ["--quiet", "--tag=a", "--", "."]],
    ["flags after the path", [".", "-q"], ["--quiet", "--", "."]],
    ["a boolean with its value", ["--pull=true", "."], ["--pull", "--", "."]],
    ["a boolean that is off", ["--pull=false", "."], ["--", "."]],
    ["the last one of a boolean", ["--pull", "--pull=0", "."], ["--", "."]],
    ["a value that looks like a flag", ["--build-arg", "--x", "."], ["--build-arg=--x", "--", "."]],
    ["a value of several lines", ["--build-arg=A=1\n2", "."], ["--build-arg=A=1\n2", "--", "."]],
    [
      "a flag of one value, twice",
      ["--progress=a", "-q", "--progress", "b", "."],
      ["--quiet", "--progress=b", "--", "."],
    ],
    ["a flag of many, twice", ["-ta", "-tb", "."], ["--tag=a", "--tag=b", "--", "."]],
    ["a flag whose value may be left out", ["--isolate", "."], ["--isolate=.", "--", "."]],
    ["the same with its value", ["--isolate=a", "."], ["--isolate=a", "--", "."]],
    ["an empty value", ["--tag=", "."], ["--tag=", "--", "."]],
    ["standard input", ["-"], ["--", "-"]],
    ["what follows two dashes", ["-q", "--", "-t"], ["--quiet", "--", "-t"]],
    ["a value of dashes", ["-t", "--", "."], ["--tag=--", "--", "."]],
  ])("%s", (_what, argv, canonical) => {
    expect(read(...argv)).toEqual(canonical);
  });

  // The sentences are pflag's, as the docker command prints them.
  it.each([
    [["--no-such"], "unknown flag: --no-such"],
    [["--constructor"], "unknown flag: --constructor"],
    [["-x"], "unknown shorthand flag: 'x' in -x"],
    [["-qx"], "unknown shorthand flag: 'x' in -qx"],
    [["--tag"], "flag needs an argument: --tag"],
    [["-t"], "flag needs an argument: 't' in -t"],
    [["--=x"], "bad flag syntax: --=x"],
    [
      ["--pull=maybe"],
      'invalid argument "maybe" for "--pull" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
  ])("%j is refused in docker's words", (argv, message) => {
    let refusal: unknown;
    try {
      read(...argv);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(InvalidInput);
    expect(refusal).toHaveProperty("message", message);
  });
});

it.each([
  ["--tagg", "build", ["Did you mean --tag?", "Run `slipway build --help` to list its flags."]],
  ["--no-such", "cache ls", ["Run `slipway cache ls --help` to list its flags."]],
])("the unknown flag %s gets the nearest flag and the command's help as hints", (flag, command, suggestions) => {
  const read = () => readArguments([flag], { tag: { takesValue: true } }, command);
  expect(read).toThrow(expect.objectContaining({ message: `unknown flag: ${flag}`, suggestions }));
});
