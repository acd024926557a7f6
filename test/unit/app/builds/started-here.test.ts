/** What this machine knows of the builds that it started. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1Job } from "@kubernetes/client-node";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { StartedHere, refuseChanged } from "../../../../src/app/builds/started-here.ts";
import { ANNOTATION } from "../../../../src/run/labels.ts";

const UID = "0f0e0d0c-1111-4222-8333-444455556666";
const job = (references: string, container = "kaniko", uid = UID): V1Job => ({
  metadata: {
    uid,
    annotations: { [ANNOTATION.references]: references, [ANNOTATION.container]: container, "slipway.dev/other": "x" },
  },
});

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "slipway-started-"));
  onTestFinished(() => rmSync(state, { recursive: true, force: true }));
  new StartedHere(state).add(job("r.io/a:1"));
});

it("a build is known by the uid of its Job, and the record tells nobody what was built", () => {
  const here = new StartedHere(state);
  expect([here.has(UID), here.has(UID.replace("0f", "1f")), here.has("../x")]).toEqual([true, false, false]);
  expect(readdirSync(join(state, "builds"))).toEqual([UID]);
  expect(readFileSync(join(state, "builds", UID), "utf8")).toMatch(/^2 [0-9a-f]{64}$/);
});

it.each([
  ["the same", job("r.io/a:1"), false],
  ["other images", job("evil.io/a:1"), true],
  ["no images any more", job(""), true],
  ["another container", job("r.io/a:1", "sidecar"), true],
  ["a Job that was not started here", job("evil.io/a:1", "kaniko", UID.replace("0f", "1f")), false],
])("with %s it is known whether somebody changed the Job", (_, now, changed) => {
  expect(new StartedHere(state).isChanged(now)).toBe(changed);
});

it.each([
  ANNOTATION.references,
  ANNOTATION.pushedAs,
  ANNOTATION.platform,
  ANNOTATION.container,
  ANNOTATION.createdBy,
  ANNOTATION.insecureRegistries,
])("whether somebody has added, changed or removed %s is known", (annotation) => {
  const one = (annotations: Record<string, string>): V1Job => ({ metadata: { uid: UID, annotations } });
  const here = new StartedHere(state);
  here.add(one({ [annotation]: "x" }));
  expect([{ [annotation]: "x" }, { [annotation]: "y" }, {}].map((now) => here.isChanged(one(now)))).toEqual([
    false,
    true,
    true,
  ]);
  here.add(one({}));
  expect(here.isChanged(one({ [annotation]: "" }))).toBe(true);
  expect(() => refuseChanged(one({ [annotation]: "" }), here)).toThrow("somebody has changed what the Job");
});

it.each(["", "0".repeat(64)])("a record of an earlier version says nothing of the images: %j", (record) => {
  writeFileSync(join(state, "builds", UID), record);
  expect([new StartedHere(state).has(UID), new StartedHere(state).isChanged(job("evil.io/a:1"))]).toEqual([
    true,
    false,
  ]);
});
