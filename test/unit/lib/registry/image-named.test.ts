import { describe, expect, it } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { imageNamed } from "../../../../src/app/push-and-tag.ts";

const named = (text: string, registry?: string): string => {
  const { registry: host, repository, tag, digest } = imageNamed(text, registry);
  return `${host}/${repository} ${tag ?? ""} ${digest ?? ""}`.trimEnd();
};
const DIGEST = `sha256:${"0".repeat(64)}`;

describe("the name of an image to push or tag", () => {
  it.each([
    ["app", "registry.example.com/team", "registry.example.com/team/app"],
    ["app:1", "registry.example.com/team", "registry.example.com/team/app 1"],
    ["host.example/app:1", "registry.example.com/team", "host.example/app 1"],
    ["host.example/app:1", undefined, "host.example/app 1"],
    [`app@${DIGEST}`, "registry.example.com/team", `registry.example.com/team/app  ${DIGEST}`],
  ])("%s with the prefix %s is %s", (text, registry, name) => {
    expect(named(text, registry)).toMatch(new RegExp(`^${name}(?: latest)?$`));
  });

  it("a name without a registry is refused as in a build if none is configured", () => {
    expect(() => imageNamed("app", undefined)).toThrow(InvalidInput);
    expect(() => imageNamed("app", undefined)).toThrow(/"app" has no registry/);
  });
});
