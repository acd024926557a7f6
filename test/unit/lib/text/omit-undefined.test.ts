import { expect, it } from "vitest";
import { omitUndefined } from "../../../../src/lib/text/omit-undefined.ts";

it("omits a property whose value is undefined, and keeps null, false, 0 and the empty string", () => {
  const all = { a: undefined, b: null, c: false, d: 0, e: "" };
  expect(Object.keys(omitUndefined(all))).toEqual(["b", "c", "d", "e"]);
});

it("the type of an optional property never includes undefined", () => {
  const given: { ca?: string; host: string } = omitUndefined({ ca: undefined as string | undefined, host: "h" });
  expect(given).toEqual({ host: "h" });
});
