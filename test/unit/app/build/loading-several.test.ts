import { expect, it } from "vitest";
import { SeveralLoading } from "../../../../src/app/build/platforms/loading-several.ts";
import { InvalidInput } from "../../../../src/errors.ts";
import { PLAN } from "../../plan/sample.ts";

it("without an engine, the ways out are those of several platforms", async () => {
  const env = { DOCKER_HOST: "unix:///nothing/here" };
  const failure = await SeveralLoading.open(PLAN, env, new AbortController().signal).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InvalidInput);
  const { suggestions } = failure as InvalidInput;
  expect(suggestions).toContain("Or write all platforms into one archive: -o type=oci,dest=image.tar.");
  expect(suggestions.join("\n")).not.toContain("type=docker");
});
