import { expect, it } from "vitest";
import { plainText, terminalSvg } from "../../../docs/generate/terminal-svg.ts";

const ESCAPE = String.fromCodePoint(27);

it("draws each run of one colour where it stands, and escapes what XML does not take", () => {
  const svg = terminalSvg([`ok ${ESCAPE}[32m<done>${ESCAPE}[39m & ${ESCAPE}[1mbold${ESCAPE}[0m`, "second"], 40);
  const texts = [...svg.matchAll(/<text x="([\d.]+)" y="(\d+)"([^>]*)>([^<]*)<\/text>/g)].map(
    ([, x, y, marks = "", text]) => ({
      x: Number(x),
      y: Number(y),
      marks: marks.replace(/ textLength="[^"]*"/, ""),
      text,
    }),
  );
  expect(texts.map(({ text, marks }) => [text, marks])).toEqual([
    ["ok", ""],
    ["&lt;done&gt;", ' fill="#3fb950"'],
    ["&amp;", ""],
    ["bold", ' font-weight="bold"'],
    ["second", ""],
  ]);
  const [ok, done, , , second] = texts;
  // Three characters to the right, and one line further down.
  expect((done?.x ?? 0) - (ok?.x ?? 0)).toBeCloseTo(3 * 8.4);
  expect(second?.y).toBeGreaterThan(ok?.y ?? 0);
});

it("reads several codes of one sequence, and drops those it does not draw", () => {
  const svg = terminalSvg([`${ESCAPE}[1;31;4mx${ESCAPE}[my`], 10);
  expect(svg).toMatch(/fill="#ff7b72" font-weight="bold"[^>]*>x</);
  expect(svg).toMatch(/<text x="[\d.]+" y="\d+" textLength="[\d.]+">y</);
  expect(plainText(`${ESCAPE}[1;31mx${ESCAPE}[my`)).toBe("xy");
});
