import { expect, it } from "vitest";
import { PIPED_DOCKERFILE, dockerfileName } from "../../../src/plan/dockerfile-name.ts";

it.each([
  ["deploy/web.Dockerfile", "web.Dockerfile"],
  ["Dockerfile", "Dockerfile"],
  [PIPED_DOCKERFILE, "Dockerfile"],
])("the name of %s is %s", (path, name) => {
  expect(dockerfileName(path)).toBe(name);
});
