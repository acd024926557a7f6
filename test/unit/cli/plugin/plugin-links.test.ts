import { chmod, lstat, mkdir, mkdtemp, readlink, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { folderOf, makeLink, placeOf, removeLink } from "../../../../src/cli/plugin/links.ts";

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
  it("is made, folders and all, once", async () => {
    const link = join(root, "a/b/docker-slipway");
    expect(await makeLink(link, program)).toBe(true);
    expect(await readlink(link)).toBe(program);
    expect(await makeLink(link, program)).toBe(false);
    expect(await removeLink(link, program)).toBe(true);
    expect(await removeLink(link, program)).toBe(false);
  });

  it("of another slipway is replaced, and may be removed", async () => {
    const link = join(root, "docker-buildx");
    await symlink(await install("two"), link);
    expect(await makeLink(link, program)).toBe(true);
    expect(await readlink(link)).toBe(program);
  });

  it.each([
    ["a file", (link: string) => writeFile(link, "buildx")],
    ["somebody's link", (link: string) => symlink("/bin/sh", link)],
    ["a link to nothing", (link: string) => symlink("/nowhere/bin/run.js", link)],
    ["a directory", (link: string) => mkdir(link)],
  ])("is neither put over nor removed where there is %s", async (_, make) => {
    const link = join(root, "docker-buildx");
    await make(link);
    const before = await lstat(link);
    await expect(makeLink(link, program)).rejects.toThrow(/is there already, and is not slipway's/);
    await expect(removeLink(link, program)).rejects.toThrow(InvalidInput);
    expect((await lstat(link)).ino).toBe(before.ino);
  });

  it("that cannot be made says which", async () => {
    await writeFile(join(root, "file"), "");
    await expect(makeLink(join(root, "file/docker-slipway"), program)).rejects.toThrow(
      /file\/docker-slipway cannot be changed: (?:ENOTDIR|EEXIST)/,
    );
  });
});

describe("the folder", () => {
  it("of docker's plugins is in its configuration", async () => {
    expect(await folderOf("docker", { DOCKER_CONFIG: "/c" }, program)).toBe("/c/cli-plugins");
    expect(await folderOf("compose", { DOCKER_CONFIG: "" }, program)).toMatch(/\/\.docker\/cli-plugins$/);
  });

  it("of kubectl's is where slipway itself was found on the PATH", async () => {
    const bin = join(root, "tools");
    expect(await folderOf("kubectl", { PATH: `/usr/bin:${bin}` }, join(bin, "slipway"))).toBe(bin);
    await expect(folderOf("kubectl", { PATH: "/usr/bin" }, "/elsewhere/slipway")).rejects.toThrow(/no folder of yours/);
  });

  it("may be named; the link leads to the program itself", async () => {
    await chmod(program, 0o755);
    await symlink(program, join(root, "slipway"));
    expect(await placeOf("kubectl", join(root, "x"), {}, join(root, "slipway"))).toEqual({
      link: join(root, "x/kubectl-slipway"),
      program,
    });
  });
});
