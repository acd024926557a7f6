/** A sample of the contract of `docker build`; all of it is `make contract`. */
import { expect, test } from "vitest";
import { setUp } from "../contract/case.ts";
import { CASES } from "../contract/cases.ts";
import { useNamespace } from "./support/namespace.ts";

const namespace = useNamespace();

test.for(["output", "metadata-file", "add-host", "secret", "cpu-quota", "push"] as const)("--%s", async (name) => {
  expect.hasAssertions();
  const { files, act } = CASES[name];
  await act(await setUp(namespace.name, files));
});
