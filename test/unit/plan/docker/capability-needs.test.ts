import { describe, expect, it } from "vitest";
import { loadBuilder } from "../../../../src/builders/table.ts";
import { BUILDER_NAMES } from "../../../../src/plan/builder-names.ts";
import { capabilityNeeds, refuseUnable } from "../../../../src/plan/docker/capability-needs.ts";
import { compatibilityPage } from "../../../../docs/generate/compatibility-page.ts";
import { FLAG_TABLE } from "../../../../src/plan/docker/flag-table.ts";
import type { FlagRow } from "../../../../src/plan/docker/flag-row.ts";
import { readDockerOptions } from "../../../../src/plan/docker/read-options.ts";
import type { TypedFlags } from "../../../../src/plan/docker/typed-flags.ts";
import { BuilderUnable } from "../../../../src/errors.ts";
import { readFile } from "node:fs/promises";

/** One use of each flag in the table that some builders do not support. */
const USES: Readonly<Record<string, TypedFlags>> = {
  "add-host": { "add-host": ["a:1.1.1.1"] },
  allow: { allow: ["network.host"] },
  annotation: { annotation: ["a=b"] },
  attest: { attest: ["type=sbom,generator=r.io/scan", "type=provenance"] },
  "build-context": { "build-context": ["a=b", "c=https://example.com/r.git"] },
  "cache-from": { "cache-from": ["r.io/a", "type=local,src=x", "type=redis,addr=r:1"] },
  "cache-to": { "cache-to": ["r.io/a", "type=local,dest=x", "type=inline", "type=redis,addr=r:1"] },
  load: { load: "true" },
  network: { network: "none" },
  "no-cache-filter": { "no-cache-filter": ["a"], "cache-from": ["r.io/a"] },
  output: {
    output: [
      "type=docker,dest=a",
      "type=oci,dest=b,compression=zstd",
      "type=local,dest=c",
      "type=registry,compression-level=1,push-by-digest=true",
    ],
  },
  provenance: { provenance: "true" },
  sbom: { sbom: "generator=r.io/scan" },
  secret: { secret: ["id=a"] },
  "shm-size": { "shm-size": "1g" },
  ssh: { ssh: ["default"] },
  ulimit: { ulimit: ["nofile=1"] },
};

const needing = Object.entries<FlagRow>(FLAG_TABLE).flatMap(([name, { slipway }]) =>
  slipway.kind === "capability" ? [{ name, needs: slipway.needs }] : [],
);

describe("capabilities", () => {
  it.each(needing)("of --$name are those of its row", ({ name, needs }) => {
    const uses = USES[name];
    if (uses === undefined) throw new Error(`there is no use of --${name} in this test`);
    const found = capabilityNeeds(readDockerOptions(uses, {}).options).map(({ capability }) => capability);
    expect(found).toEqual(expect.arrayContaining([...needs]));
  });

  it("include the generator for an SBOM with attributes", () => {
    const needs = (sbom: string) => capabilityNeeds(readDockerOptions({ sbom }, {}).options);
    expect(needs("true")).toEqual([{ flag: "--sbom", capability: "sbom" }]);
    expect(needs("generator=r.io/scan")).toEqual([
      { flag: "--sbom", capability: "sbom" },
      { flag: "--sbom generator=r.io/scan", capability: "sbom-generator" },
    ]);
  });

  it("a cache filter without a cache needs no capability", () => {
    expect(capabilityNeeds({ noCacheFilter: ["a"] })).toEqual([]);
  });

  it("a kept builder is not told to be another one and to stay", () => {
    const abilities = new Map([
      ["buildkit", new Set<string>()],
      ["makisu", new Set(["cache-redis"])],
    ]);
    const cacheTo = [{ type: "redis", attributes: {} }];
    expect(() => refuseUnable("buildkit", { cacheTo, keepSeconds: 60 }, abilities)).toThrow(
      new BuilderUnable("buildkit cannot do --cache-to type=redis", {
        suggestions: ["Leave out --keep, and use --builder makisu."],
      }),
    );
  });

  it("a missing capability is refused with the builders that have it", () => {
    const abilities = new Map([
      ["one", new Set<string>()],
      ["two", new Set(["ssh"])],
      ["three", new Set(["ssh"])],
    ]);
    const options = readDockerOptions({ ssh: ["default"] }, {}).options;
    const refusal = new BuilderUnable("one cannot do --ssh", {
      suggestions: ["Use --builder two or --builder three.", "Or let slipway choose a builder: --builder auto."],
    });
    expect(() => refuseUnable("one", options, abilities)).toThrow(refusal);
    expect(() => refuseUnable("two", options, abilities)).not.toThrow();
    const both = readDockerOptions({ ssh: ["default"], ulimit: ["nofile=1"] }, {}).options;
    const more = new Map([...abilities, ["four", new Set(["ssh", "ulimit"])]]);
    expect(() => refuseUnable("one", both, more)).toThrow(
      expect.objectContaining({
        suggestions: ["Use --builder four.", "Or let slipway choose a builder: --builder auto."],
      }),
    );
    expect(() => refuseUnable("one", readDockerOptions({ secret: ["id=a"] }, {}).options, abilities)).toThrow(
      "one cannot do --secret",
    );
  });
});

describe("the table", () => {
  it("docs/reference/docker-compatibility.md has the table (npm run docs)", async () => {
    const backends = await Promise.all(BUILDER_NAMES.map(loadBuilder));
    const page = compatibilityPage(new Map(backends.map(({ name, supports }) => [name, supports])));
    expect(await readFile(new URL("../../../../docs/reference/docker-compatibility.md", import.meta.url), "utf8")).toBe(
      page,
    );
  });

  it("the table names the docker and buildx versions that were recorded", async () => {
    const root = new URL("../../../../", import.meta.url);
    const page = await readFile(new URL("docs/reference/docker-compatibility.md", root), "utf8");
    const recorded = await readFile(new URL("test/contract/recorded/flags.json", root), "utf8");
    const { of } = JSON.parse(recorded) as { of: { docker: string; buildx: string } };
    expect(page).toContain(`docker CLI ${of.docker.split(".")[0]}`);
    expect(page).toContain(`buildx ${of.buildx.split(".").slice(0, 2).join(".")}`);
  });

  it("uses every letter once", () => {
    const letters = Object.values<FlagRow>(FLAG_TABLE).flatMap(({ char }) => char ?? []);
    expect(letters.toSorted()).toEqual([...new Set(letters)].sort());
  });

  it("every refused flag has an alternative", () => {
    const remedies = Object.values<FlagRow>(FLAG_TABLE).flatMap(({ slipway }) =>
      slipway.kind === "refused" ? [slipway.instead] : [],
    );
    expect(remedies.filter((remedy) => !/^[A-Z].*\.$/.test(remedy))).toEqual([]);
  });
});
