import { expect, it } from "vitest";
import { isYes } from "../../../../src/cli/ui/prompt.ts";

it.each(["y", "Y", "yes", " YES "])("the answer %j is yes", (answer) => {
  expect(isYes(answer)).toBe(true);
});

it.each(["", "n", "no", "yep", "yy"])("the answer %j is no", (answer) => {
  expect(isYes(answer)).toBe(false);
});
