import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { decidePruning } from "../../../src/pack/prune-context.ts";
import type { AskBase, PruningFacts } from "../../../src/pack/prune-context.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-prune-"));
  mkdirSync(join(root, "app"));
  writeFileSync(join(root, "app/a"), "a");
  file("data", 5_000_000);
});

afterEach(() => rm(root, { recursive: true, force: true }));

function file(name: string, size: number): void {
  writeFileSync(join(root, name), "");
  truncateSync(join(root, name), size);
}

const plain: AskBase = async () => ({ env: [], onBuild: [] });

async function decide(
  facts: Partial<PruningFacts> & { text?: string; ignore?: string },
  ask?: AskBase,
  readsAll?: string,
) {
  const { text = "FROM img\nCOPY app /app", ignore, ...rest } = facts;
  const context = { root, ignoreFile: ignore === undefined ? undefined : Buffer.from(ignore) };
  const dockerfile = { path: "Dockerfile", text };
  const all = { context, dockerfile, buildArgs: [], sendAll: false, ...rest };
  const decision = await decidePruning(all, readsAll, ask, new AbortController().signal);
  if (decision.kind === "everything") return decision.because;
  return ["app/a", "data", "b"].filter((path) => decision.paths.covers(path));
}

it("sends only used files if the base image adds nothing", async () => {
  const asked: string[] = [];
  const ask: AskBase = async (image) => {
    asked.push(image);
    return { env: [], onBuild: [] };
  };
  expect(await decide({}, ask)).toEqual(["app/a"]);
  expect(asked).toEqual(["img"]);
});

it("does not ask about base images if pruning saves little", async () => {
  const ask: AskBase = () => Promise.reject(new Error("asked"));
  expect(await decide({ ignore: "data" }, ask)).toBe(
    "the files that no COPY or ADD uses are less than 4.19 MB, so leaving them out would not help",
  );
  expect(await decide({ text: "FROM img\nCOPY . /app" }, ask)).toBe("line 2 uses the whole context");
  expect(await decide({ text: "FROM scratch\nCOPY app /app" }, ask)).toEqual(["app/a"]);
});

it("sends everything if a base image may use more files", async () => {
  const base = (image: { env: string[]; onBuild: string[] } | undefined) => decide({}, async () => image);
  expect(await base(undefined)).toBe("the registry did not say whether img has ONBUILD triggers");
  expect(await base({ env: [], onBuild: ["ADD . /"] })).toBe("the base image img has ONBUILD triggers");
});

it("uses the variables of a base image", async () => {
  const text = "FROM img\nARG D=app\nCOPY $D /app";
  expect(await decide({ text }, plain)).toEqual(["app/a"]);
  expect(await decide({ text }, async () => ({ env: ["D=b"], onBuild: [] }))).toBe(
    "the value of $D on line 3 is not known before the build",
  );
});

it.each<[Partial<PruningFacts>, string]>([
  [{ sendAll: true }, "--send-all"],
  [
    { buildContexts: [{ name: "img", source: { kind: "directory", path: "../other" } }] },
    "--build-context can replace what COPY uses",
  ],
])("sends everything for %j", async (facts, because) => {
  expect(await decide(facts, plain)).toBe(because);
});

it("sends everything to a builder that reads it", async () => {
  expect(await decide({}, plain, "it reads all")).toBe("it reads all");
});
