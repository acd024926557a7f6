import { Chalk } from "chalk";
import { expect, it } from "vitest";
import { paletteOf } from "../../../../src/cli/ui/buildkit-colours.ts";

it("BUILDKIT_COLORS takes names and RGB values of colours, and invalid parts are ignored", () => {
  const paint = new Chalk({ level: 3 });
  const palette = paletteOf("run=green:error=255,0,10:warning=beige:x:=", paint);
  expect(palette.run("x")).toBe(paint.green("x"));
  expect(palette.error("x")).toBe(paint.rgb(255, 0, 10)("x"));
  expect(palette.warning("x")).toBe(paint.yellow("x"));
  expect(paletteOf("run=light-blue:error=256,0,0", paint).run("x")).toBe(paint.blueBright("x"));
  expect(paletteOf("error=256,0,0", paint).error("x")).toBe(paint.red("x"));
  expect(paletteOf(undefined, paint).run("x")).toBe(paint.cyan("x"));
});
