import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EngineArchive } from "../../../../../src/app/build/load/engine-archive.ts";
import { encodeHeader, padding } from "../../../../../src/lib/archive/tar.ts";
import { TarEntries } from "../../../../../src/lib/archive/tar-reader.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-archive-"));
});
afterAll(() => rm(directory, { recursive: true }));

const FILES = { "config.json": "{}", "a.tar": "a".repeat(600), "b.tar": "b", "other.json": "x" };
const IMAGE = { Config: "config.json", RepoTags: ["placeholder:latest"], Layers: ["a.tar", "b.tar"] };

async function archive(files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(directory, "image.tar");
  const blocks = Object.entries(files).flatMap(([name, text]) => [
    encodeHeader({ path: name, type: "file", mode: 0o644, size: text.length, mtime: 0, target: "" }),
    Buffer.from(text),
    Buffer.alloc(padding(text.length)),
  ]);
  await writeFile(path, Buffer.concat([...blocks, Buffer.alloc(1024)]));
  return path;
}

async function written(names: readonly string[], from: number): Promise<Map<string, string>> {
  const path = await archive({ ...FILES, "manifest.json": JSON.stringify([IMAGE]) });
  const found = new Map<string, string>();
  const reader = new TarEntries(({ name }) => {
    let text = "";
    return {
      write: (chunk) => void (text += Buffer.from(chunk).toString()),
      end: () => void found.set(name, text),
    };
  });
  for await (const chunk of (await EngineArchive.read(path)).write(names, from).stream) reader.write(chunk as Buffer);
  reader.end();
  return found;
}

describe("an archive for an engine", () => {
  it.each([
    [0, ["manifest.json", "config.json", "a.tar", "b.tar"]],
    [1, ["manifest.json", "config.json", "b.tar"]],
    [2, ["manifest.json", "config.json"]],
  ])("leaves out the first %i layers", async (from, names) => {
    const found = await written(["app:1"], from);
    expect([...found.keys()]).toEqual(names);
    for (const name of names.slice(1)) expect(found.get(name)).toBe(FILES[name as keyof typeof FILES]);
  });

  it("lists every layer, and the names that were asked for", async () => {
    const list = (await written(["app:1", "app:2"], 2)).get("manifest.json") ?? "";
    expect(JSON.parse(list)).toEqual([{ ...IMAGE, RepoTags: ["app:1", "app:2"] }]);
  });

  it("has no name for an image without one", async () => {
    expect(JSON.parse((await written([], 0)).get("manifest.json") ?? "")).toMatchObject([{ RepoTags: null }]);
  });

  it.each([
    ["without a list", FILES],
    ["with two images", { ...FILES, "manifest.json": JSON.stringify([IMAGE, IMAGE]) }],
    ["without one of its layers", { "config.json": "{}", "manifest.json": JSON.stringify([IMAGE]) }],
  ])("refuses one %s, as its own names could replace other images", async (_, files) => {
    await expect(EngineArchive.read(await archive(files))).rejects.toThrow("does not hold exactly one complete image");
  });
});
