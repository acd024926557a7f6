import { expect, it } from "vitest";
import { decodeDockerfile, refuseOtherBytes } from "../../../../src/lib/dockerfile/encoding.ts";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";

const latin = (text: string): Buffer => Buffer.from(text, "latin1");

function refusal(bytes: Uint8Array): string {
  const found = decodeDockerfile(bytes);
  try {
    refuseOtherBytes(parseDockerfile(found.text), found.bytes);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

it("UTF-8 is a text, and nothing else is kept of it", () => {
  for (const text of ["FROM a\n", "\uFEFFFROM a\n", "FROM a\nRUN echo caf\u00E9 \uFFFD \u{1F680}\r\n"]) {
    expect(decodeDockerfile(Buffer.from(text))).toEqual({ text });
    expect(refusal(Buffer.from(text))).toBe("");
  }
});

it.each([
  ["RUN", "FROM a\nRUN printf caf\u00E9 > /x\n", 2],
  ["ENV", "FROM a\n\nENV CITY=Z\u00FCrich\n", 3],
  ["COPY", "FROM a\nCOPY caf\u00E9.txt /\n", 2],
  ["a continued RUN", "FROM a\nRUN a && \\\n  b \u00E9\n", 3],
  ["RUN", "FROM a\nRUN <<E\necho \u00E9\nE\n", 3],
  ["COPY", "FROM a\nCOPY <<E /x\n# \u00E9\nE\n", 3],
  ["FROM", "FROM caf\u00E9\n", 1],
])("%s with other bytes is refused with its line", (keyword, text, line) => {
  expect(refusal(latin(text))).toMatch(
    new RegExp(`^dockerfile parse error on line ${line}: ${keyword.split(" ").at(-1)} has bytes that are not UTF-8: `),
  );
});

it.each([
  ["before FROM", "# Autor: J\u00FCrgen\nFROM a\n"],
  ["between instructions", "FROM a\n# caf\u00E9\nRUN b\n"],
  ["within a continued instruction", "FROM a\nRUN b && \\\n# caf\u00E9\n  c\n"],
])("a comment %s may have them, and the file stays as it is", (_where, text) => {
  const bytes = latin(text);
  expect(refusal(bytes)).toBe("");
  expect(decodeDockerfile(bytes).bytes).toEqual(bytes);
});
