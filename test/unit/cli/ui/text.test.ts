import { describe, expect, it } from "vitest";
import { dimLine, flatten, tameLine } from "../../../../src/lib/terminal/control-sequences.ts";
import { formatBytes, formatDuration, formatElapsed } from "../../../../src/lib/text/measures.ts";
import { Upload } from "../../../../src/cli/ui/upload.ts";
import { fit, widthOf } from "../../../../src/cli/ui/width.ts";
import { MOST_GROWTH, growthOf } from "../../support/growth.ts";

describe("a builder's line", () => {
  it.each([
    ["plain text\twith a tab", "plain text\twith a tab"],
    ["größe 漢字 🚀", "größe 漢字 🚀"],
    ["\u001B[31mred\u001B[0m", "\u001B[31mred\u001B[0m"],
    ["\u001B[38;2;1;2;3mtrue\u001B[m", "\u001B[38;2;1;2;3mtrue\u001B[m"],
    ["10%\r20%\r100%", "100%"],
    ["100%\r", "100%"],
    ["\u001B[2K\u001B[1G50%", "50%"],
    ["\u001B[32m10%\r20%\u001B[0m\r", "\u001B[32m20%\u001B[0m"],
    ["up\u001B[1A\u001B[2Jdown", "updown"],
    ["\u001B]0;title\u0007text", "text"],
    ["\u001B]8;;http://x\u001B\\link\u001B]8;;\u001B\\", "link"],
    ["\u001BPq#0\u001B\\sixel", "sixel"],
    ["\u001B(Bcharset\u001Bc\u001B7", "charset"],
    ["\u009B2Jc1\u009D0;t\u0007!", "c1!"],
    ["bell\u0007 back\u0008 nul\u0000 del\u007F", "bell back nul del"],
    ["cut \u001B[31", "cut 31"],
    ["cut \u001B", "cut "],
    ["never ended \u001B]0;title", "never ended "],
    ["\r\r\r", ""],
  ])("the line %j is printed as %j", (line, tame) => {
    expect(tameLine(line, true)).toBe(tame);
  });

  it("a line loses its colours on a terminal without colours", () => {
    expect(tameLine("\u001B[31mred\u001B[0m", false)).toBe("red");
  });

  it("no input leaves a control character", () => {
    let seed = 1;
    const next = (n: number) => (seed = (seed * 48_271) % 2_147_483_647) % n;
    const pieces = [
      "\u001B",
      "[",
      "]",
      "P",
      "0",
      "m",
      "J",
      ";",
      "\r",
      "\u0007",
      "\\",
      "a",
      "\u009B",
      "\u009C",
      "?",
      "\n",
      "\u001B[31m",
    ];
    for (let round = 0; round < 20_000; round += 1) {
      const line = Array.from({ length: next(12) }, () => pieces[next(pieces.length)]).join("");
      // oxlint-disable-next-line no-control-regex -- the colours that may
      expect(tameLine(line, true).replace(/\u001B\[[0-9;:]*m/g, "")).not.toMatch(
        // oxlint-disable-next-line no-control-regex -- what must not be there
        /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/,
      );
    }
  });

  it.each(["\u001B[", "\u001B]", "\r", "\u001B[0;", "\u001B  "])(
    "of many half sequences %j costs work in proportion to its length",
    (unit) => {
      const input = (size: number): string => unit.repeat(size);
      const work = (line: string): string => tameLine(line, true);
      expect(growthOf({ input, work, size: 100_000 })).toBeLessThan(MOST_GROWTH);
    },
  );

  it("a line is dim around its own colours, and ends with a reset", () => {
    const dim = ["<dim>", "<end>"] as const;
    expect(dimLine("text", dim)).toBe("<dim>text<end>");
    expect(dimLine("", dim)).toBe("");
    expect(dimLine("a \u001B[31mb\u001B[0m c", dim)).toBe("<dim>a \u001B[31mb\u001B[0m<dim> c\u001B[0m");
  });

  it("text for a status has no line ends, tabs and colours", () => {
    expect(flatten("one\n  two\r\n\u001B[31mthree\tfour")).toBe("one two three four");
  });
});

describe("sizes and times", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [48_123, "48.1 kB"],
    [999_499, "999 kB"],
    [999_950, "1 MB"],
    [1_234_567, "1.23 MB"],
    [500_000_000, "500 MB"],
    [2e9, "2 GB"],
    [-1, "0 B"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, "0 ms"],
    [2.6, "3 ms"],
    [999.7, "1.0 s"],
    [12_345, "12.3 s"],
    [59_999, "59.9 s"],
    [60_000, "1 min 0 s"],
    [3_720_000, "1 h 2 min"],
  ])("%d ms are %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("the time of a running stage is in seconds from the start", () => {
    expect(formatElapsed(0)).toBe("0.0 s");
    expect(formatElapsed(312)).toBe("0.3 s");
  });

  it("the rate covers the last seconds, and starts again with a new attempt", () => {
    const upload = new Upload();
    upload.expect(20_000_000);
    for (let at = 0; at <= 10_000; at += 100) upload.advance(at < 5000 ? at * 100 : 500_000 + (at - 5000) * 1000, at);
    expect(upload.rate(10_000)).toBeCloseTo(1e6, -4);
    upload.advance(0, 10_100);
    expect(upload.rate(10_200)).toBeUndefined();
    upload.advance(0, 15_000);
    expect(upload.facts(16_000)).toEqual(["0 B of 20 MB", "0 %", "0 B/s"]);
  });

  it("there is no fraction without a total", () => {
    const upload = new Upload();
    upload.advance(10, 0);
    expect(upload.fraction()).toBeUndefined();
    upload.expect(0);
    upload.advance(0, 0);
    expect(upload.fraction()).toBeUndefined();
  });
});

describe("cells", () => {
  it("the width counts wide and combining characters", () => {
    expect(widthOf("abc")).toBe(3);
    expect(widthOf("漢字")).toBe(4);
    expect(widthOf("e\u0301")).toBe(1);
    expect(widthOf("🚀")).toBe(2);
    expect(widthOf("👩\u200D👩\u200D👧")).toBe(2);
    expect(widthOf("🇩🇪")).toBe(2);
  });

  it("text that is too wide is cut with an ellipsis", () => {
    expect(fit("short", 10)).toBe("short");
    expect(fit("a longer text", 8)).toBe("a longe…");
    expect(fit("漢字漢字", 5)).toBe("漢字…");
    expect(fit("👩\u200D👩\u200D👧family", 4)).toBe("👩\u200D👩\u200D👧f…");
    expect(fit("text", 1)).toBe("…");
    expect(fit("text", 0)).toBe("");
  });
});
