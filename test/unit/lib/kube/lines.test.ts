import { expect, test } from "vitest";
import { LineSplitter } from "../../../../src/lib/kube/lines.ts";
import { normaliseStamp, secondBefore, secondOf } from "../../../../src/lib/kube/log-dedupe.ts";

function split(...chunks: readonly Uint8Array[]): { lines: string[]; rest: string } {
  const splitter = new LineSplitter();
  return { lines: chunks.flatMap((chunk) => [...splitter.push(chunk)]), rest: splitter.rest() };
}

test("cut at every byte, a text is the same lines", () => {
  const text = Buffer.from("one\n\nzwei ä 😀\r\n\nlast");
  for (let at = 0; at <= text.length; at += 1) {
    expect(split(text.subarray(0, at), text.subarray(at))).toEqual({
      lines: ["one", "", "zwei ä 😀\r", ""],
      rest: "last",
    });
  }
  expect(split(...[...text].map((byte) => Buffer.from([byte]))).lines).toEqual(["one", "", "zwei ä 😀\r", ""]);
});

test("bytes that are not UTF-8 do not stop it", () => {
  expect(split(Buffer.from([0xff, 0x0a, 0xe2, 0x82, 0x0a]))).toEqual({ lines: ["�", "�"], rest: "" });
});

test("a line without end does not fill the memory", () => {
  const chunk = Buffer.alloc(1 << 20, "a");
  const { lines } = split(...Array<Buffer>(20).fill(chunk), Buffer.from("\nnext\n"));
  expect(lines.map((line) => line.length)).toEqual([16 << 20, 4]);
});

test.each([
  ["2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789Z"],
  ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000000Z"],
  ["2026-01-02T03:04:05.12+02:00", "2026-01-02T01:04:05.120000000Z"],
  ["2026-01-01T00:30:00.000000001+01:00", "2025-12-31T23:30:00.000000001Z"],
  ["2026-13-02T03:04:05.1+00:00", undefined],
  ["2026-01-02 03:04:05Z", undefined],
  ["", undefined],
])("the stamp %s", (text, expected) => {
  expect(normaliseStamp(text)).toBe(expected);
});

test("seconds", () => {
  expect(secondOf("2026-01-01T00:00:00.123456789Z")).toBe("2026-01-01T00:00:00Z");
  expect(secondBefore("2026-01-01T00:00:00Z")).toBe("2025-12-31T23:59:59Z");
});
