import { describe, expect, it } from "vitest";
import { findTarget, parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";
import { InvalidInput } from "../../../../src/errors.ts";
import { MOST_GROWTH, growthOf } from "../../support/growth.ts";

/** Instructions after FROM, as `line-endLine KEYWORD flags | operand`. */
const read = (text: string) =>
  parseDockerfile(text).instructions.map(
    ({ line, endLine, keyword, flags, operand }) =>
      `${line}-${endLine} ${[keyword, ...flags.map(({ name, value }) => `--${name}=${value}`)].join(" ")} | ${operand}`,
  );

/** The error that is not a refusal, if there is one. */
function crashOf(text: string): unknown {
  try {
    parseDockerfile(text);
  } catch (error) {
    if (!(error instanceof InvalidInput)) return error;
  }
  return undefined;
}

describe("instructions", () => {
  it.each([
    [
      "a byte order mark and lines of Windows",
      "\uFEFFFROM a\r\nRUN x \\\r\n  y\r\n",
      ["1-1 FROM | a", "2-3 RUN | x   y"],
    ],
    ["no line feed in the end", "FROM a", ["1-1 FROM | a"]],
    ["any case, blanks before", " from a\n\t rUn x\n", ["1-1 FROM | a", "2-2 RUN | x"]],
    ["comments and empty lines", "# c\n\n  # d\nFROM a\n", ["4-4 FROM | a"]],
    [
      "comments and empty lines within",
      "FROM a\nRUN x \\\n # c\n\n  y\nRUN z",
      ["1-1 FROM | a", "2-5 RUN | x   y", "6-6 RUN | z"],
    ],
    ["a hash that is no comment", "FROM a\nRUN x # y", ["1-1 FROM | a", "2-2 RUN | x # y"]],
    ["blanks after the backslash", "FROM a\nRUN x \\ \t\n y", ["1-1 FROM | a", "2-3 RUN | x  y"]],
    [
      "two backslashes, which end a line",
      "FROM a\nRUN x \\\\\nRUN y",
      ["1-1 FROM | a", "2-2 RUN | x \\\\", "3-3 RUN | y"],
    ],
    ["a backslash in the end", "FROM a\nRUN x \\\n", ["1-1 FROM | a", "2-2 RUN | x"]],
    ["a keyword on the next line", "FROM a\n\\\nRUN x", ["1-1 FROM | a", "2-3 RUN | x"]],
    [
      "another escape character",
      "# escape=`\nFROM a\nRUN x `\n y\nCOPY c:\\ d\\\nRUN z",
      ["2-2 FROM | a", "3-4 RUN | x  y", "5-5 COPY | c:\\ d\\", "6-6 RUN | z"],
    ],
    [
      "a directive after an empty line, which is none",
      "\n# escape=`\nFROM a\nRUN x `\nRUN y",
      ["3-3 FROM | a", "4-4 RUN | x `", "5-5 RUN | y"],
    ],
    [
      "a directive after another comment, which is none",
      "# foo=bar\n# escape=`\nFROM a\nRUN x `",
      ["3-3 FROM | a", "4-4 RUN | x `"],
    ],
    [
      "flags",
      'FROM --platform=$P a\nCOPY --from=x --chown="a b" --link c d\nRUN --mount=type=bind,from=b,target=/x --network=none make --foo\nCMD --no-flag',
      [
        "1-1 FROM --platform=$P | a",
        "2-2 COPY --from=x --chown=a b --link=undefined | c d",
        "3-3 RUN --mount=type=bind,from=b,target=/x --network=none | make --foo",
        "4-4 CMD | --no-flag",
      ],
    ],
    [
      "flags over several lines",
      "FROM a\nRUN --mount=type=cache,target=/c \\\n  # c\n  --mount=type=bind x",
      ["1-1 FROM | a", "2-4 RUN --mount=type=cache,target=/c --mount=type=bind | x"],
    ],
    ["the end of flags", "FROM a\nRUN -- --x", ["1-1 FROM | a", "2-2 RUN | --x"]],
    ["an empty RUN, for the builder to judge", "FROM a\nRUN", ["1-1 FROM | a", "2-2 RUN | "]],
  ])("with %s", (_name, text, instructions) => {
    expect(read(text)).toEqual(instructions);
  });

  it("keeps what ONBUILD is for", () => {
    const { stages } = parseDockerfile("FROM a\nONBUILD COPY --from=b /x /y\nONBUILD RUN <<EOF\nFROM z\nEOF");
    expect(stages[0]?.instructions.map(({ trigger }) => trigger)).toMatchObject([
      { keyword: "COPY", flags: [{ name: "from", value: "b" }], operand: "/x /y" },
      { keyword: "RUN", heredocs: [{ name: "EOF", content: "FROM z\n" }] },
    ]);
  });

  it("knows its directives", () => {
    const { directives, escape } = parseDockerfile(
      "#syntax = docker/dockerfile:1\n# Check=skip=all\n# ESCAPE=`\nFROM a",
    );
    expect([...directives]).toEqual([
      ["syntax", "docker/dockerfile:1"],
      ["check", "skip=all"],
      ["escape", "`"],
    ]);
    expect(escape).toBe("`");
  });
});

describe("heredocs", () => {
  const heredocs = (text: string) => {
    const { stages } = parseDockerfile(`FROM a\n${text}\nLABEL end=1\n`);
    const [instruction, next] = stages[0]?.instructions ?? [];
    return { found: instruction?.heredocs, next: next?.keyword };
  };
  const plain = { chomp: false, expand: true };

  it.each([
    ["RUN <<EOF cat\nFROM b\nEOF", [{ ...plain, name: "EOF", content: "FROM b\n" }]],
    ["RUN << EOF\nx\nEOF", [{ ...plain, name: "EOF", content: "x\n" }]],
    ["RUN <<EOF\nEOF", [{ ...plain, name: "EOF", content: "" }]],
    ["RUN <<EOF\nx \\\n# y\n\nEOF", [{ ...plain, name: "EOF", content: "x \\\n# y\n\n" }]],
    ["RUN 5<<-X cat\n\tFROM c\n\tX", [{ name: "X", chomp: true, expand: true, content: "\tFROM c\n" }]],
    ["RUN <<'E F'\nx\nE F", [{ name: "E F", chomp: false, expand: false, content: "x\n" }]],
    [
      'COPY <<"A" <<-B /x/\nfoo\nA\n\tbar\n\tB',
      [
        { name: "A", chomp: false, expand: false, content: "foo\n" },
        { name: "B", chomp: true, expand: true, content: "\tbar\n" },
      ],
    ],
    ["RUN <<EOF\r\nx\r\nEOF\r", [{ ...plain, name: "EOF", content: "x\r\n" }]],
    ["RUN echo ${A:-b} <<EOF\nx\nEOF", [{ ...plain, name: "EOF", content: "x\n" }]],
    ["RUN cat \\\n  <<EOF\nx\nEOF", [{ ...plain, name: "EOF", content: "x\n" }]],
    ["RUN cat <<<x", []],
    ["RUN cat<<EOF", []],
    ["RUN echo '<<EOF'", []],
    ['RUN echo "a<<b"', []],
    ['RUN ["a", "<<EOF"]', []],
    ["RUN echo ${x^^} <<EOF", []],
    ["RUN echo it's <<EOF", []],
    ["ENV A <<EOF", []],
  ])("%j", (text, found) => {
    expect(heredocs(text)).toEqual({ found, next: "LABEL" });
  });
});

describe("stages", () => {
  it("stages have number, name, base and platform", () => {
    const { stages, globals } = parseDockerfile(
      "ARG V=1\nFROM --platform=$BUILDPLATFORM a:$V AS Build\nRUN x\nFROM scratch\nFROM build as b-2.x_\n",
    );
    expect(globals.map(({ operand }) => operand)).toEqual(["V=1"]);
    expect(
      stages.map(({ index, name, base, platform, instructions }) => [index, name, base, platform, instructions.length]),
    ).toEqual([
      [0, "build", "a:$V", "$BUILDPLATFORM", 1],
      [1, undefined, "scratch", undefined, 0],
      [2, "b-2.x_", "build", undefined, 0],
    ]);
  });

  it("stages are found by name in any case, by number, or as the last", () => {
    const dockerfile = parseDockerfile("FROM a AS one\nFROM b AS two\n");
    expect(findTarget(dockerfile).index).toBe(1);
    expect(findTarget(dockerfile, "ONE").index).toBe(0);
    expect(findTarget(dockerfile, "0").index).toBe(0);
    expect(() => findTarget(dockerfile, "three")).toThrow('target stage "three" could not be found');
    expect(() => findTarget(dockerfile, "7")).toThrow(InvalidInput);
  });
});

describe("a file that is none is refused in docker's words", () => {
  it.each([
    ["", "file with no instructions"],
    ["\n# only a comment\n\n", "file with no instructions"],
    ["ARG A=1\n", "dockerfile contains no stages to build"],
    ["RUN x\n", "dockerfile parse error on line 1: no build stage in current context"],
    ["FROM a\n\nFORM b\n", "dockerfile parse error on line 3: unknown instruction: FORM (did you mean FROM?)"],
    ["hello world\n", "dockerfile parse error on line 1: unknown instruction: hello"],
    ["FROM a\nRUN x\n  && y\n", "dockerfile parse error on line 3: unknown instruction: &&"],
    ["FROM a\n \\\n", "dockerfile parse error on line 2: unknown instruction: "],
    ["FROM\n", "dockerfile parse error on line 1: FROM requires either one or three arguments"],
    ["FROM a b\n", "dockerfile parse error on line 1: FROM requires either one or three arguments"],
    ["FROM a AS b c\n", "dockerfile parse error on line 1: FROM requires either one or three arguments"],
    ["FROM a AS 1x\n", 'dockerfile parse error on line 1: invalid name for build stage: "1x"'],
    ["FROM a\nRUN x \\\n y <<EOF\nfoo\n", "dockerfile parse error on line 2: unterminated heredoc"],
    [
      "# syntax=a\n# syntax=b\nFROM a\n",
      "dockerfile parse error on line 2: only one syntax parser directive can be used",
    ],
    ["# escape=x\nFROM a\n", "dockerfile parse error on line 1: invalid escape token 'x'"],
    ["FROM a\nONBUILD ONBUILD RUN x\n", "dockerfile parse error on line 2: Chaining ONBUILD"],
    ["FROM a\nONBUILD FROM b\n", "dockerfile parse error on line 2: FROM isn't allowed as an ONBUILD trigger"],
    ["FROM a\nONBUILD\n", "dockerfile parse error on line 2: ONBUILD requires at least one argument"],
    ["RUN x\nnonsense y\n", "dockerfile parse error on line 1: no build stage in current context"],
    ["\u0000\u001B[31mELF\n", "dockerfile parse error on line 1: unknown instruction: \uFFFD\uFFFD[31mELF"],
  ])("%j", (text, message) => {
    expect(() => parseDockerfile(text)).toThrow(InvalidInput);
    expect(() => parseDockerfile(text)).toThrow(message);
  });

  it("random bytes never crash the parser", () => {
    let seed = 7;
    const next = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n;
    const pieces = [
      "FROM a\n",
      "RUN ",
      "<<E",
      "\nE\n",
      "\\\n",
      "--x=",
      '"',
      "'",
      "$",
      "{",
      "}",
      "[",
      " ",
      "# escape=`\n",
      "`\n",
      "ONBUILD ",
      "COPY --from=",
      "\0",
      "é",
    ];
    const crashes: [text: string, error: unknown][] = [];
    for (let round = 0; round < 20_000; round += 1) {
      const text = Array.from({ length: next(14) }, () => pieces[next(pieces.length)]).join("");
      const error = crashOf(text);
      if (error !== undefined) crashes.push([text, error]);
    }
    expect(crashes).toEqual([]);
  });

  const units = [" ", "x", "\\\n", "RUN --a=b ", "RUN x \\\n", "<<E ", "${a", "'", "# a=", "\r", "\n", "--a "];
  it.each(["", "FROM a\nRUN ", "FROM a\nONBUILD "].flatMap((start) => units.map((unit) => [start, unit])))(
    "and after %j many %j cost work in proportion to their number",
    (start, unit) => {
      const input = (size: number): string => `${start}${unit.repeat(size)}!`;
      expect(growthOf({ input, work: crashOf, size: 40_000 })).toBeLessThan(MOST_GROWTH);
      expect(crashOf(input(40_000))).toBeUndefined();
    },
  );
});
