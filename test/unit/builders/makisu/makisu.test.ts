/** What makisu is known to leave out is said before the build. */
import { expect, it } from "vitest";
import { makisu } from "../../../../src/builders/makisu/makisu.ts";
import { parseReference } from "../../../../src/lib/image/reference.ts";
import { PLAN } from "../../plan/sample.ts";

it.each([
  ["FROM a\nRUN b\n", ["HTTP_PROXY", "no_proxy"]],
  ["ARG HTTP_PROXY\nFROM a\nRUN b\n", ["HTTP_PROXY", "no_proxy"]],
  ["FROM a\nARG HTTP_PROXY=x\nRUN b\n", ["no_proxy"]],
  ["FROM a\nARG HTTP_PROXY no_proxy\nRUN b\nFROM c\nRUN d\n", ["HTTP_PROXY", "no_proxy"]],
  ["FROM a\nARG HTTP_PROXY no_proxy\nRUN b\nFROM c\nCOPY d /\n", []],
])("a proxy that a stage of %j does not declare gets a warning", (text, missing) => {
  const plan = {
    ...PLAN,
    dockerfile: { ...PLAN.dockerfile, text },
    buildArgs: [
      ["HTTP_PROXY", "http://proxy:3128"],
      ["no_proxy", "localhost"],
      ["VERSION", "1"],
    ] as const,
  };
  const [message, ...others] = makisu.cautions?.(plan) ?? [];
  expect(others).toEqual([]);
  expect(["HTTP_PROXY", "no_proxy", "VERSION"].filter((name) => message?.includes(`ARG ${name}`))).toEqual(missing);
});

it.each([
  ["a=b", "an equals sign"],
  ["a$b", "a dollar sign"],
  ["$$", "a dollar sign"],
])("--build-arg with the value %j is refused, as makisu would change it", (value, sign) => {
  const plan = { ...PLAN, tags: [parseReference("r.io/a")], buildArgs: [["NAME", value]] as const };
  expect(() => makisu.check?.(plan)).toThrow(new RegExp(`--build-arg NAME: .*${sign}`));
});
