import { chmod, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { eraseFromFile, storeInFile } from "../../../../src/lib/credentials/docker-config-file.ts";
import { DockerConfig } from "../../../../src/lib/credentials/docker-config.ts";
import { InvalidInput } from "../../../../src/errors.ts";
import { giveAway } from "../files/stranger.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-docker-config-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, "utf8"));

it("makes the file and its directory, for nobody else to read", async () => {
  const path = join(root, "docker/config.json");
  await storeInFile(path, "docker.io", { username: "me", password: "pa:ss" });
  const config = new DockerConfig(await readFile(path, "utf8"), path);
  expect(await config.get("docker.io")).toEqual({ credential: { username: "me", password: "pa:ss" } });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(root, "docker"))).mode & 0o777).toBe(0o700);
});

it("leaves everything else in it alone, and a link a link", async () => {
  const path = join(root, "config.json");
  await writeFile(
    join(root, "real.json"),
    '{"proxies":{"default":{}},"auths":{"https://r.io/v1/":{"auth":"b2xkOm9sZA=="},"s.io":{}}}',
  );
  await symlink("real.json", path);
  await storeInFile(path, "r.io", { username: "a", password: "b" });
  expect(await read(join(root, "real.json"))).toEqual({
    proxies: { default: {} },
    auths: { "s.io": {}, "r.io": { auth: "YTpi" } },
  });
  expect(await eraseFromFile(path, "r.io")).toBe(true);
  expect(await eraseFromFile(path, "r.io")).toBe(false);
  expect(await read(path)).toEqual({ proxies: { default: {} }, auths: { "s.io": {} } });
});

it("does not touch a file it cannot read, and shows nothing of it", async () => {
  const path = join(root, "config.json");
  await writeFile(path, '{"auths": secret');
  const refusal = storeInFile(path, "r.io", { username: "a", password: "b" });
  await expect(refusal).rejects.toThrow(InvalidInput);
  await expect(refusal).rejects.toThrow(`${path} cannot be changed: it is not JSON`);
  expect(await readFile(path, "utf8")).toBe('{"auths": secret');
  expect(await eraseFromFile(join(root, "none.json"), "r.io")).toBe(false);
});

it("writes no password through a link that another user made", async () => {
  const path = join(root, "config.json");
  await writeFile(join(root, "important"), "{}");
  await symlink("important", `${path}.slipway-${process.pid}`);
  await giveAway(`${path}.slipway-${process.pid}`);
  await storeInFile(path, "r.io", { username: "a", password: "b" });
  expect(await readFile(join(root, "important"), "utf8")).toBe("{}");
  await rm(path);
  await symlink("important", path);
  await giveAway(path);
  await chmod(root, 0o1777);
  await expect(storeInFile(path, "r.io", { username: "a", password: "b" })).rejects.toThrow(
    `${path} cannot be changed: ${path} is a link of another user`,
  );
  expect(await readFile(join(root, "important"), "utf8")).toBe("{}");
  expect((await readdir(root)).filter((name) => name.startsWith(".slipway-"))).toEqual([]);
});
