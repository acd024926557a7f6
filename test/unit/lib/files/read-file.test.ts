/** A file that is not there: the error names one whose name is almost the same. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { readOrExplain } from "../../../../src/lib/files/read-file.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-read-"));
  for (const name of ["Dockerfile", "bake.json", "a"]) await writeFile(join(directory, name), "");
  await mkdir(join(directory, "Dockerfiles"));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

it.each([
  ["Dokerfile", "Dockerfile"],
  ["dockerfile", "Dockerfile"],
  ["Dockerfiles2", "Dockerfile"],
  ["bake.jsn", "bake.json"],
  ["z", undefined],
  ["nothing-like-it", undefined],
  ["nowhere/Dockerfile", undefined],
])("%s is not there, %s may be meant", async (name, meant) => {
  const refused: unknown = await readOrExplain(join(directory, name), "the file").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(InvalidInput);
  expect((refused as InvalidInput).suggestions).toEqual(
    meant === undefined ? [] : [`Did you mean ${join(directory, meant)}?`],
  );
});
