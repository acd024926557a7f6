import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import type { BuildPlan } from "../../../../src/plan/plan.ts";
import { ToldOnce, secondBuildNote } from "../../../../src/app/build/second-build.ts";
import { PLAN } from "../../plan/sample.ts";

const LONG = { tookMs: 60_000, usedCache: false };
const noteOf = (plan: Partial<BuildPlan> = {}, finished = LONG, layerCache: "repository" | undefined = "repository") =>
  secondBuildNote({ ...PLAN, ...plan }, layerCache === undefined ? {} : { layerCache }, finished);

it("names what makes the next build faster", () => {
  expect(noteOf()).toMatch(/with --keep 30m or --cache the next one is faster$/);
});

it.each<[string, Partial<BuildPlan>, "repository" | undefined]>([
  ["is not pushed, so that a cache has no place", { noPush: true }, "repository"],
  ["has a builder without a cache in a registry", {}, undefined],
])("names only --keep for a build that %s", (_, plan, layerCache) => {
  expect(secondBuildNote({ ...PLAN, ...plan }, layerCache === undefined ? {} : { layerCache }, LONG)).toMatch(
    /with --keep 30m the/,
  );
});

const CACHE = [{ type: "registry", attributes: { ref: "registry.example.com/team/cache" } }] as const;
it.each<[string, Partial<BuildPlan>, typeof LONG]>([
  ["is short", {}, { ...LONG, tookMs: 3000 }],
  ["used a cache", {}, { ...LONG, usedCache: true }],
  ["keeps its builder", { keepSeconds: 1800 }, LONG],
  ["has a cache volume", { cacheVolume: "v" }, LONG],
  ["writes a cache", { cacheTo: CACHE }, LONG],
  ["reads a cache", { cacheFrom: CACHE }, LONG],
  ["wants no cache", { noCache: true }, LONG],
])("has no note for a build that %s", (_, plan, finished) => {
  expect(noteOf(plan, finished)).toBeUndefined();
});

async function cacheIn(base: string): Promise<string> {
  const directory = await mkdtemp(join(base, ".slipway-told-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

it("is said once for each project, and its record names no project", async () => {
  const directory = await cacheIn(homedir());
  const env = { XDG_CACHE_HOME: directory };
  const said = ["/src/a", "/src/a", "/src/b", "/src/a"].map((project) => new ToldOnce(env).isFirst(project));
  expect(said).toEqual([true, false, true, false]);
  const records = join(directory, "slipway", "told");
  expect(await readdir(records)).toEqual([
    expect.stringMatching(/^[0-9a-f]{64}$/),
    expect.stringMatching(/^[0-9a-f]{64}$/),
  ]);
  expect((await stat(records)).mode & 0o077).toBe(0);
});

it("is not said where it cannot be remembered", () => {
  expect(new ToldOnce({ XDG_CACHE_HOME: "/dev/null" }).isFirst("/src/a")).toBe(false);
});
