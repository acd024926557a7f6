import { chmod, lstat, mkdir, mkdtemp, readlink, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { folderOf, makeLink, locatePlugin, removeLink } from "../../../../src/cli/plugin/links.ts";

let root: string;
let program: string;

async function install(folder: string): Promise<string> {
  await mkdir(join(root, folder, "bin"), { recursive: true });
  await writeFile(join(root, folder, "package.json"), `{"name":"slipway"}`);
  await writeFile(join(root, folder, "bin/run.js"), "");
  return join(root, folder, "bin/run.js");
}

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "slipway-links-")));
  const made = root;
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  program = await install("one");
});

describe("a link", () => {
  it("a link is created once, with its folders", async () => {
    const link = join(root, "a/b/docker-slipway");
    expect(await makeLink(link, program)).toBe(true);
    expect(await readlink(link)).toBe(program);
    expect(await makeLink(link, program)).toBe(false);
    expect(await removeLink(link, program)).toBe(true);
    expect(await removeLink(link, program)).toBe(false);
  });

  it("a link to another slipway is replaced", async () => {
    const link = join(root, "docker-buildx");
    await symlink(await install("two"), link);
    expect(await makeLink(link, program)).toBe(true);
    expect(await readlink(link)).toBe(program);
  });

  it("a link to another single executable is replaced", async () => {
    const link = join(root, "docker-slipway");
    await mkdir(join(root, "usr/bin"), { recursive: true });
    await writeFile(join(root, "usr/bin/slipway"), "");
    await symlink(join(root, "usr/bin/slipway"), link);
    expect(await makeLink(link, program)).toBe(true);
    expect(await readlink(link)).toBe(program);
  });

  it.each([
    ["a file", (link: string) => writeFile(link, "buildx")],
    ["a link to another program", (link: string) => symlink("/bin/sh", link)],
    ["a link to nothing", (link: string) => symlink("/nowhere/bin/run.js", link)],
    ["a directory", (link: string) => mkdir(link)],
  ])("%s in the link's path is neither replaced nor removed", async (_, make) => {
    const link = join(root, "docker-buildx");
    await make(link);
    const before = await lstat(link);
    await expect(makeLink(link, program)).rejects.toThrow(/already exists and is not slipway's/);
    await expect(removeLink(link, program)).rejects.toThrow(InvalidInput);
    expect((await lstat(link)).ino).toBe(before.ino);
  });

  it("the error for a link that cannot be created names the link", async () => {
    await writeFile(join(root, "file"), "");
    await expect(makeLink(join(root, "file/docker-slipway"), program)).rejects.toThrow(
      /file\/docker-slipway cannot be changed: (?:ENOTDIR|EEXIST)/,
    );
  });
});

describe("the folder", () => {
  it("docker's plugin folder is in the directory of its configuration", async () => {
    expect(await folderOf("docker", { DOCKER_CONFIG: "/c" }, program)).toBe("/c/cli-plugins");
    expect(await folderOf("compose", { DOCKER_CONFIG: "" }, program)).toMatch(/\/\.docker\/cli-plugins$/);
  });

  it("kubectl's plugin goes into the folder of slipway on the PATH", async () => {
    const bin = join(root, "tools");
    expect(await folderOf("kubectl", { PATH: `/usr/bin:${bin}` }, join(bin, "slipway"))).toBe(bin);
    await expect(folderOf("kubectl", { PATH: "/usr/bin" }, "/elsewhere/slipway")).rejects.toThrow(
      /no folder that you may write to/,
    );
  });

  it("--dir names the folder, and the link's target is the program itself", async () => {
    await chmod(program, 0o755);
    await symlink(program, join(root, "slipway"));
    expect(await locatePlugin("kubectl", join(root, "x"), {}, join(root, "slipway"))).toEqual({
      link: join(root, "x/kubectl-slipway"),
      completion: join(root, "x/kubectl_complete-slipway"),
      program,
    });
  });
});

it.each([
  ["docker", undefined, "%USERPROFILE%\\.docker\\cli-plugins\\docker-slipway.exe"],
  ["compose", "C:\\plugins", "C:\\plugins\\docker-buildx.exe"],
  ["kubectl", undefined, "FOLDER-OF-YOUR-PATH\\kubectl-slipway.exe"],
] as const)("on Windows the executable is copied for %s, as there are no links", async (host, dir, copy) => {
  const error = await locatePlugin(host, dir, {}, program, "win32").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidInput);
  expect((error as InvalidInput).suggestions).toEqual([`Copy the executable: copy slipway.exe "${copy}"`]);
});
