/** Tries each flag on each builder that declares it, and checks that each declared flag has a case. */
import { describe, expect, test } from "vitest";
import type { FlagCapability } from "../../src/plan/docker/capabilities.ts";
import { loadBuilder } from "../../src/builders/table.ts";
import { BUILDER_NAMES } from "../../src/plan/builder-names.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { FLAG_CASES, tryFlag } from "./builder-flags.ts";

/** Capabilities without a case here, with the test that covers them. */
const COVERED_BY: Readonly<Partial<Record<FlagCapability, string>>> = {
  "cache-redis": "caches.test.ts",
  "cache-volume": "caches.test.ts, e2e/warm.test.ts",
  "git-in-cluster": "e2e/git-in-cluster.test.ts",
  "output-oci": "with output-docker",
  // The client's part is the same for every builder.
  provenance: "e2e/supply-chain.test.ts",
  "registry-token": "e2e/token-service.test.ts",
  sbom: "e2e/sbom.test.ts",
  "sbom-generator": "e2e/supply-chain.test.ts",
  secret: "e2e/vault.test.ts",
};

const namespace = useNamespace({ podSecurity: "baseline" });

test.each(BUILDER_NAMES)("each capability of %s has a case", async (name) => {
  const { supports } = await loadBuilder(name);
  const tried = FLAG_CASES.filter(({ builders }) => builders.includes(name)).map(({ capability }) => capability);
  const untried = [...supports].filter(
    (capability) => capability !== "build" && capability !== "push" && !tried.includes(capability),
  );
  expect(untried.filter((capability) => !Object.hasOwn(COVERED_BY, capability))).toEqual([]);
});

describe.each(FLAG_CASES.map((wanted) => [wanted.title, wanted] as const))("%s", (_, wanted) => {
  test.each(wanted.builders)("%s", async (name) => {
    expect.hasAssertions();
    await tryFlag(namespace, wanted, name);
  });
});
