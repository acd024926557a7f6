import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { TagRecords, removeLeftTags } from "../../../../src/app/builds/left-tags.ts";
import { findLeftTags } from "../../../../src/app/builds/prune-tags.ts";
import { ownMark } from "../../../../src/lib/files/process-mark.ts";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { IMAGE, registryOf } from "../../support/tag-registry.ts";

const DAY_MS = 24 * 3600 * 1000;
const TIMEOUT_SECONDS = 60;

/** Of a client that has ended. */
function killed() {
  return { ...ownMark(), pid: spawnSync("true").pid, start: "" };
}

async function stateDirectory(): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), "slipway-state-"));
  onTestFinished(() => rm(state, { recursive: true, force: true }));
  return state;
}

/** A registry with the tag of a client, and the client's record. */
async function leftBy(client = killed()) {
  const state = await stateDirectory();
  const found = await registryOf({ removesTags: true });
  const tag = new Reference({ registry: found.registry, repository: "app", tag: "temporary" });
  const records = new TagRecords(state, client);
  const forget = records.add([tag], { insecure: [found.registry] }, TIMEOUT_SECONDS);
  const files = (): Promise<string[]> => readdir(join(state, "temporary-tags"));
  return { ...found, state, records, forget, tag, files };
}

it("the next build in a repository removes the tags of a client that was killed, and no other tag", async () => {
  const { records, options, tags, tag } = await leftBy();
  expect(await removeLeftTags(records, new Set([tag.name]), options)).toEqual([tag]);
  expect([...tags]).toEqual([["1.0", IMAGE]]);
});

it("a build in another repository removes nothing", async () => {
  const { records, options, tags } = await leftBy();
  expect(await removeLeftTags(records, new Set(["r.example/other"]), options)).toEqual([]);
  expect([...tags.keys()]).toEqual(["1.0", "temporary"]);
});

it("the tags of a client that runs stay", async () => {
  const { records, options, tags, tag } = await leftBy({ ...ownMark(), pid: process.ppid, start: "" });
  expect(records.left()).toEqual([]);
  expect(await removeLeftTags(records, new Set([tag.name]), options)).toEqual([]);
  expect([...tags.keys()]).toEqual(["1.0", "temporary"]);
});

it("the tags of a client on another machine stay as long as its build may run", async () => {
  const { records } = await leftBy({ ...ownMark(), machine: "elsewhere" });
  expect(records.left()).toEqual([]);
  expect(records.left(Date.now() + 2 * DAY_MS)).toHaveLength(1);
});

it("tags are asked for again while a pod of the build may still push them, and then forgotten", async () => {
  const { records, options, tag, files } = await leftBy();
  await removeLeftTags(records, new Set([tag.name]), options);
  expect(await files()).toHaveLength(1);
  const [later] = records.left(Date.now() + 2 * DAY_MS);
  later?.forget();
  expect(await files()).toEqual([]);
});

it("a client that ends by itself leaves no record", async () => {
  const { forget, files } = await leftBy();
  forget();
  expect(await files()).toEqual([]);
});

it("prune finds the tags that their registry still has, with how it is asked, and removes them", async () => {
  const { records, tags, tag } = await leftBy();
  const said: string[] = [];
  const env = { DOCKER_CONFIG: await stateDirectory() };
  expect(await findLeftTags(DAY_MS, env, (line) => said.push(line), records)).toEqual([]);
  const [found] = await findLeftTags(0, env, (line) => said.push(line), records);
  expect(found?.name).toBe(tag.toString());
  expect(await found?.remove()).toBe(true);
  expect([...tags.keys()]).toEqual(["1.0"]);
  expect(await findLeftTags(0, env, (line) => said.push(line), records)).toEqual([]);
  expect(said).toEqual([]);
});

it("prune names the tags if their registry does not answer", async () => {
  const records = new TagRecords(await stateDirectory(), killed());
  const tag = new Reference({ registry: "127.0.0.1:1", repository: "app", tag: "temporary" });
  records.add([tag], { insecure: ["127.0.0.1:1"] }, TIMEOUT_SECONDS);
  const said: string[] = [];
  expect(await findLeftTags(0, { DOCKER_CONFIG: "/nonexistent" }, (line) => said.push(line), records)).toEqual([]);
  expect(said.join()).toMatch(/^WARNING: temporary tags of a killed client may stay .*127\.0\.0\.1:1\/app:temporary$/);
});
