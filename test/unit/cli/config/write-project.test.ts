import { chmod, mkdtemp, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { planSettings } from "../../../../src/cli/config/write-project.ts";

const SETTINGS = { registry: "registry.example.com/team" };
const directory = (): Promise<string> => mkdtemp(join(tmpdir(), "slipway-init-"));

it("writes nothing until it is told to, and then only the file", async () => {
  const root = await directory();
  const path = join(root, ".slipway.yaml");
  const { exists, write } = await planSettings(path, SETTINGS);
  expect([exists, await readdir(root)]).toEqual([false, []]);
  write();
  expect(await readdir(root)).toEqual([".slipway.yaml"]);
  expect(await readFile(path, "utf8")).toContain("registry: registry.example.com/team\n");
});

it("keeps the permissions of a file that is there", async () => {
  const path = join(await directory(), ".slipway.yaml");
  await writeFile(path, "timeout: 1h\n");
  await chmod(path, 0o640);
  (await planSettings(path, SETTINGS)).write();
  expect((await stat(path)).mode & 0o777).toBe(0o640);
  expect(await readFile(path, "utf8")).toBe("timeout: 1h\nregistry: registry.example.com/team\n");
});

it.each(["there", "missing"])("refuses a link, whose file is %s", async (target) => {
  const root = await directory();
  await writeFile(join(root, "there"), "A=b\n");
  await symlink(target, join(root, ".slipway.yaml"));
  await expect(planSettings(join(root, ".slipway.yaml"), SETTINGS)).rejects.toThrow(/is a link/);
  expect(await readFile(join(root, "there"), "utf8")).toBe("A=b\n");
});

it("refuses a directory", async () => {
  await expect(planSettings(await directory(), SETTINGS)).rejects.toThrow(/is not a file/);
});
