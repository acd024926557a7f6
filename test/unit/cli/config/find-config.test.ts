import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { findConfigurations, userConfigPath } from "../../../../src/cli/config/find-config.ts";
import type { Surroundings } from "../../../../src/cli/config/find-config.ts";
import { BUILD_KEYS } from "./build-keys.ts";

async function place(files: Record<string, string>): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "slipway-config-")));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(directory, name, ".."), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return directory;
}

function at(root: string, cwd = "", env: Record<string, string> = {}): Surroundings {
  return { env, cwd: join(root, cwd), home: join(root, "home"), uid: 1000, ownerOf: async () => 1000 };
}

const PROJECT = { "p/.slipway.yaml": "builder: buildah\n", "p/a/b/Dockerfile": "", "other/Dockerfile": "" };

describe("a project's file", () => {
  it("the project's file is found in the working directory or above", async () => {
    const root = await place(PROJECT);
    const { project } = await findConfigurations(BUILD_KEYS, at(root, "p/a/b"));
    expect(project).toMatchObject({ path: join(root, "p/.slipway.yaml"), trustLevel: "untrusted" });
    expect((await findConfigurations(BUILD_KEYS, at(root, "other"))).project).toBeUndefined();
  });

  it("the nearest project's file replaces those above it", async () => {
    const root = await place({ ...PROJECT, "p/a/.slipway.yaml": "target: t\n" });
    const { project } = await findConfigurations(BUILD_KEYS, at(root, "p/a/b"));
    expect([...(project?.settings ?? [])]).toEqual([["target", ["t"]]]);
  });

  it("a project's file applies only to contexts in its directory", async () => {
    const root = await place(PROJECT);
    const found = async (context: string | null) =>
      (await findConfigurations(BUILD_KEYS, at(root, "p"), context)).project !== undefined;
    expect(await found(join(root, "p/a"))).toBe(true);
    expect(await found(join(root, "other"))).toBe(false);
    expect(await found(`${root}/p-other`)).toBe(false);
    expect(await found(null)).toBe(false);
  });

  it("a file inside the context is not read if it is not above the working directory", async () => {
    const root = await place(PROJECT);
    expect((await findConfigurations(BUILD_KEYS, at(root), join(root, "p"))).project).toBeUndefined();
  });

  it("SLIPWAY_PROJECT_CONFIG=no skips the project's file", async () => {
    const root = await place(PROJECT);
    expect(await findConfigurations(BUILD_KEYS, at(root, "p", { SLIPWAY_PROJECT_CONFIG: "no" }))).toEqual({});
    await expect(findConfigurations(BUILD_KEYS, at(root, "p", { SLIPWAY_PROJECT_CONFIG: "x" }))).rejects.toThrow(
      "neither",
    );
  });

  it("a project's file of another user is refused, unless its directory is trusted", async () => {
    const root = await place({ ...PROJECT, "me.yaml": "trust: [p]\n" });
    const theirs = { ...at(root, "p"), uid: 1000, ownerOf: async () => 4242 };
    await expect(findConfigurations(BUILD_KEYS, theirs)).rejects.toThrow("belongs to user 4242, but you are user 1000");
    const trusting = { ...theirs, env: { SLIPWAY_CONFIG: join(root, "me.yaml") } };
    expect((await findConfigurations(BUILD_KEYS, trusting)).project).toMatchObject({ trustLevel: "trusted" });
  });

  it.each([0, 1000])("user 1000 reads a project's file of user %i", async (owner) => {
    const root = await place(PROJECT);
    const mine = { ...at(root, "p"), uid: 1000, ownerOf: async () => owner };
    expect((await findConfigurations(BUILD_KEYS, mine)).project).toBeDefined();
  });

  it("a trusted project's file may set every key", async () => {
    const root = await place({ "p/.slipway.yaml": "namespace: x\n", "me.yaml": "trust: [p]\n" });
    await expect(findConfigurations(BUILD_KEYS, at(root, "p"))).rejects.toThrow("not allowed in a project's file");
    const { project } = await findConfigurations(BUILD_KEYS, at(root, "p", { SLIPWAY_CONFIG: join(root, "me.yaml") }));
    expect(project?.settings.get("namespace")).toEqual(["x"]);
  });

  it("a link to a directory does not count as a file", async () => {
    const root = await place({ "p/x": "" });
    await symlink(join(root, "p"), join(root, "p/.slipway.yaml"));
    expect(await findConfigurations(BUILD_KEYS, at(root, "p"))).toEqual({});
  });
});

describe("the user's file", () => {
  it("the variables decide the path of the user's file", () => {
    const where = { cwd: "/w", home: "/home/jane" };
    expect(userConfigPath({ ...where, env: {} })).toBe("/home/jane/.config/slipway/config.yaml");
    expect(userConfigPath({ ...where, env: { XDG_CONFIG_HOME: "/x" } })).toBe("/x/slipway/config.yaml");
    expect(userConfigPath({ ...where, env: { SLIPWAY_CONFIG: "c.yaml" } })).toBe("/w/c.yaml");
  });

  it("the user's file is optional, unless SLIPWAY_CONFIG names it", async () => {
    const root = await place({});
    expect(await findConfigurations(BUILD_KEYS, at(root))).toEqual({});
    await expect(findConfigurations(BUILD_KEYS, at(root, "", { SLIPWAY_CONFIG: "none" }))).rejects.toThrow(
      "of SLIPWAY_CONFIG does not exist",
    );
  });

  it("the user's file may set every key", async () => {
    const root = await place({ "home/.config/slipway/config.yaml": "namespace: mine\nregistry: r.io\n" });
    const { user } = await findConfigurations(BUILD_KEYS, at(root));
    expect(user).toMatchObject({ registry: "r.io", trustLevel: "user" });
  });
});
