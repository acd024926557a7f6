import { link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { packContext } from "../../../src/pack/pack.ts";
import { surveyContext } from "../../../src/pack/survey.ts";

let root: string;
const { signal } = new AbortController();

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-survey-"));
  await mkdir(join(root, "logs"));
  await mkdir(join(root, "empty"));
  await writeFile(join(root, "logs/a.log"), "x".repeat(1000));
  await writeFile(join(root, "keep.txt"), "x".repeat(10));
  await link(join(root, "keep.txt"), join(root, "same.txt"));
  await symlink("nowhere", join(root, "link"));
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function survey(ignoreFile?: string) {
  const paths: string[] = [];
  const found = await surveyContext({ root, ignoreFile, signal }, 3, (path) => paths.push(path.toString()));
  return { ...found, paths };
}

it("names each path that would be sent, and what they weigh", async () => {
  expect(await survey()).toMatchObject({
    paths: ["empty", "keep.txt", "link", "logs", "logs/a.log", "same.txt"],
    entries: 6,
    fileBytes: 1010,
    heaviest: [{ path: "logs/a.log" }],
  });
});

it.each([undefined, "logs", "*\n!logs/a.log", "**/*.log"])("counts what the packer packs: %j", async (ignoreFile) => {
  const options = { root, ignoreFile, prefix: "", extra: [], level: 1, onNote: () => {}, signal };
  const packed = packContext(options);
  for await (const _ of packed);
  const { entries, fileBytes } = await survey(ignoreFile);
  expect({ entries, fileBytes }).toEqual({ entries: packed.totals.entries, fileBytes: packed.totals.fileBytes });
});

it("stops when told to", async () => {
  for (let index = 0; index < 600; index++) await writeFile(join(root, `f${index}`), "");
  const stopped = surveyContext({ root, ignoreFile: undefined, signal: AbortSignal.abort(new Error("stop")) }, 3);
  await expect(stopped).rejects.toThrow("stop");
});
