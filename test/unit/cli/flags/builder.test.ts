import { describe, expect, it } from "vitest";
import { builderFlags, withImpliedBuilder } from "../../../../src/cli/flags/builder.ts";

const unnamed = { flags: { builder: { setFromDefault: true } } };
const named = { flags: { builder: {} } };

describe("the builder", () => {
  it("is chosen by slipway where none is named", () => {
    expect(builderFlags.builder.default).toBe("auto");
    expect(withImpliedBuilder({ builder: "auto" }, unnamed).builder).toBe("auto");
  });

  it("is kaniko where only an image is named", () => {
    expect(withImpliedBuilder({ builder: "auto", "builder-image": "r.io/executor:1" }, unnamed).builder).toBe("kaniko");
  });

  it("is not kaniko where the image is that of a kept builder", () => {
    const flags = { builder: "auto", "builder-image": "r.io/buildkit:1", keep: "30m" };
    expect(withImpliedBuilder(flags, unnamed).builder).toBe("auto");
  });

  it("stays the one that is named", () => {
    expect(withImpliedBuilder({ builder: "auto", "builder-image": "x" }, named).builder).toBe("auto");
    expect(withImpliedBuilder({ builder: "img", "builder-image": "x" }, named).builder).toBe("img");
  });
});
