/** A sample of the contract of `docker build`, in pods of one build and in a kept builder; all of it in the first way is `make contract`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setUp } from "../contract/case.ts";
import { CASES } from "../contract/cases.ts";
import { useNamespace } from "./support/namespace.ts";

const namespace = useNamespace();

type CaseName = keyof typeof CASES;

async function hold(name: CaseName): Promise<void> {
  expect.hasAssertions();
  const { files, act } = CASES[name];
  await act(await setUp(namespace.name, files));
}

test.for(["output", "secret", "push"] as const)("--%s", hold);
test.for(["metadata-file", "add-host", "cpu-quota"] as const)("--%s", { tags: ["long"] }, hold);

describe("in a kept builder", () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "slipway-contract-home-"));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  async function holdKept(name: CaseName): Promise<void> {
    expect.hasAssertions();
    const { files, act } = CASES[name];
    await act(await setUp(namespace.name, files, { SLIPWAY_KEEP: "10m", XDG_CONFIG_HOME: home }));
  }

  test.for(["build-arg", "push"] as const)("--%s is as docker's with --keep", holdKept);
  test.for(["output", "metadata-file", "iidfile", "target"] as const)(
    "--%s is as docker's with --keep",
    { tags: ["long"] },
    holdKept,
  );
});
