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
  it("is found upwards from the working directory", async () => {
    const root = await place(PROJECT);
    const { project } = await findConfigurations(BUILD_KEYS, at(root, "p/a/b"));
    expect(project).toMatchObject({ path: join(root, "p/.slipway.yaml"), standing: "stranger" });
    expect((await findConfigurations(BUILD_KEYS, at(root, "other"))).project).toBeUndefined();
  });

  it("is the nearest one, which replaces those above", async () => {
    const root = await place({ ...PROJECT, "p/a/.slipway.yaml": "target: t\n" });
    const { project } = await findConfigurations(BUILD_KEYS, at(root, "p/a/b"));
    expect([...(project?.settings ?? [])]).toEqual([["target", ["t"]]]);
  });

  it("speaks for what lies below it, and for nothing that comes from elsewhere", async () => {
    const root = await place(PROJECT);
    const found = async (context: string | null) =>
      (await findConfigurations(BUILD_KEYS, at(root, "p"), context)).project !== undefined;
    expect(await found(join(root, "p/a"))).toBe(true);
    expect(await found(join(root, "other"))).toBe(false);
    expect(await found(`${root}/p-other`)).toBe(false);
    expect(await found(null)).toBe(false);
  });

  it("inside the context is not looked at, only what is around the working directory", async () => {
    const root = await place(PROJECT);
    expect((await findConfigurations(BUILD_KEYS, at(root), join(root, "p"))).project).toBeUndefined();
  });

  it("may be left alone", async () => {
    const root = await place(PROJECT);
    expect(await findConfigurations(BUILD_KEYS, at(root, "p", { SLIPWAY_PROJECT_CONFIG: "no" }))).toEqual({});
    await expect(findConfigurations(BUILD_KEYS, at(root, "p", { SLIPWAY_PROJECT_CONFIG: "x" }))).rejects.toThrow(
      "neither",
    );
  });

  it("of somebody else is refused, unless its directory is trusted", async () => {
    const root = await place({ ...PROJECT, "me.yaml": "trust: [p]\n" });
    const theirs = { ...at(root, "p"), uid: 1000, ownerOf: async () => 4242 };
    await expect(findConfigurations(BUILD_KEYS, theirs)).rejects.toThrow("belongs to the user 4242, and you are 1000");
    const trusting = { ...theirs, env: { SLIPWAY_CONFIG: join(root, "me.yaml") } };
    expect((await findConfigurations(BUILD_KEYS, trusting)).project).toMatchObject({ standing: "trusted" });
  });

  it.each([0, 1000])("of the user %i is read by the user 1000", async (owner) => {
    const root = await place(PROJECT);
    const mine = { ...at(root, "p"), uid: 1000, ownerOf: async () => owner };
    expect((await findConfigurations(BUILD_KEYS, mine)).project).toBeDefined();
  });

  it("that is trusted may set every key", async () => {
    const root = await place({ "p/.slipway.yaml": "namespace: x\n", "me.yaml": "trust: [p]\n" });
    await expect(findConfigurations(BUILD_KEYS, at(root, "p"))).rejects.toThrow("not taken from a project's file");
    const { project } = await findConfigurations(BUILD_KEYS, at(root, "p", { SLIPWAY_CONFIG: join(root, "me.yaml") }));
    expect(project?.settings.get("namespace")).toEqual(["x"]);
  });

  it("that is a link to a directory, or none, is no file", async () => {
    const root = await place({ "p/x": "" });
    await symlink(join(root, "p"), join(root, "p/.slipway.yaml"));
    expect(await findConfigurations(BUILD_KEYS, at(root, "p"))).toEqual({});
  });
});

describe("the user's file", () => {
  it("is where the variables say", () => {
    const where = { cwd: "/w", home: "/home/jane" };
    expect(userConfigPath({ ...where, env: {} })).toBe("/home/jane/.config/slipway/config.yaml");
    expect(userConfigPath({ ...where, env: { XDG_CONFIG_HOME: "/x" } })).toBe("/x/slipway/config.yaml");
    expect(userConfigPath({ ...where, env: { SLIPWAY_CONFIG: "c.yaml" } })).toBe("/w/c.yaml");
  });

  it("need not be there, unless it is named", async () => {
    const root = await place({});
    expect(await findConfigurations(BUILD_KEYS, at(root))).toEqual({});
    await expect(findConfigurations(BUILD_KEYS, at(root, "", { SLIPWAY_CONFIG: "none" }))).rejects.toThrow(
      "which is not there",
    );
  });

  it("may set everything", async () => {
    const root = await place({ "home/.config/slipway/config.yaml": "namespace: mine\nregistry: r.io\n" });
    const { user } = await findConfigurations(BUILD_KEYS, at(root));
    expect(user).toMatchObject({ registry: "r.io", standing: "user" });
  });
});
