import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { clearImageId, writeImageId } from "../../../../src/cli/print/image-id.ts";

const ID = `sha256:${"0".repeat(64)}`;
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-iid-"));
});

afterEach(() => rm(root, { recursive: true, force: true }));

it("the file holds the image ID without a line feed, as docker writes it", async () => {
  writeImageId(join(root, "id"), ID);
  expect(await readFile(join(root, "id"), "utf8")).toBe(ID);
});

it("an old file is removed before the build, so that a failed build leaves none", async () => {
  await writeFile(join(root, "id"), "old");
  clearImageId(join(root, "id"));
  clearImageId(join(root, "id"));
  await expect(readFile(join(root, "id"))).rejects.toThrow("ENOENT");
});

it("a path that cannot be removed is refused before the build", () => {
  expect(() => clearImageId(root)).toThrow(InvalidInput);
});

it("the error after a build says that the image was built", () => {
  expect(() => writeImageId(join(root, "no/such/id"), ID)).toThrow(
    /^the image was built, but --iidfile .* cannot be written: /,
  );
});
