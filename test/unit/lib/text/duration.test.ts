import { expect, it } from "vitest";
import { parseDuration } from "../../../../src/lib/text/duration.ts";
import { InvalidInput } from "../../../../src/errors.ts";

it.each([
  ["90", 90],
  ["90s", 90],
  ["15m", 900],
  ["1h30m", 5400],
  ["2d", 172_800],
  ["1d1h1m1s", 90_061],
  ["0h1s", 1],
  ["2147483647", 2 ** 31 - 1],
])("%s is %i seconds", (text, seconds) => {
  expect(parseDuration(text, "timeout")).toBe(seconds);
});

it.each(["", "0", "0s", "-1", "1.5h", "1h 30m", "h", "soon", "1w", "10 ", "1h30", "2147483648", "99999999999d"])(
  "%j is no length of time",
  (text) => {
    expect(() => parseDuration(text, "ttl")).toThrow(InvalidInput);
    expect(() => parseDuration(text, "ttl")).toThrow(`--ttl ${text} is not a duration`);
  },
);
