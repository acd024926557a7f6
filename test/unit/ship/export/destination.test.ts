import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, readdir, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Export } from "../../../../src/plan/docker/options.ts";
import { checkDestinations, openDestination } from "../../../../src/ship/export/destination.ts";
import { ClusterError } from "../../../../src/errors.ts";
import { archive } from "../../../contract/archive-cases.ts";
import type { Entry } from "../../../contract/archive-cases.ts";
import { giveAway } from "../../lib/files/stranger.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-export-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
});

describe("an exported file", () => {
  it("appears once everything has arrived", async () => {
    const destination = openDestination({ kind: "files", format: "tar", dest: join(root, "a.tar") });
    destination.write(Buffer.from("one "));
    destination.write(Buffer.from("two"));
    expect(await readdir(root)).not.toContain("a.tar");
    await destination.commit();
    expect(await readFile(join(root, "a.tar"), "utf8")).toBe("one two");
  });

  it("is unchanged if not everything arrives", async () => {
    await writeFile(join(root, "a.tar"), "before");
    const destination = openDestination({ kind: "files", format: "tar", dest: join(root, "a.tar") });
    destination.write(Buffer.from("one "));
    await destination.discard();
    expect(await readFile(join(root, "a.tar"), "utf8")).toBe("before");
    expect(await readdir(root)).toEqual(["a.tar"]);
  });
});

it("an exported directory gets the files of the archive and keeps its own", async () => {
  await mkdir(join(root, "from"));
  await writeFile(join(root, "from/index.json"), "{}");
  const archive = execFileSync("tar", ["-cf", "-", "-C", join(root, "from"), "."]);
  await mkdir(join(root, "to"));
  await writeFile(join(root, "to/kept"), "");
  const destination = openDestination({ kind: "files", format: "local", dest: join(root, "to") });
  destination.write(archive);
  await destination.commit();
  expect((await readdir(join(root, "to"))).sort()).toEqual(["index.json", "kept"]);
  expect((await readdir(root)).sort()).toEqual(["from", "to"]);
});

describe("checking destinations before the build", () => {
  const archive = (dest: string, directory = false): Export => ({ kind: "archive", format: "oci", dest, directory });

  it.each([
    ["-", false, "dest file is required for oci exporter. refusing to write to console"],
    ["dir", false, "destination file ROOT/dir is a directory"],
    ["file", true, "destination directory ROOT/file is a file"],
    ["none/a.tar", false, "destination file ROOT/none/a.tar cannot be written: its directory does not exist"],
  ])("refuses %s (directory: %s)", async (name, directory, message) => {
    await mkdir(join(root, "dir"));
    await writeFile(join(root, "file"), "");
    const dest = name === "-" ? name : join(root, name);
    await expect(checkDestinations([archive(dest, directory)], true)).rejects.toThrow(message.replace("ROOT", root));
  });

  it("accepts new files, directories and standard output", async () => {
    await expect(
      checkDestinations([archive(join(root, "new")), archive(join(root, "d"), true), archive("-")], false),
    ).resolves.toBeUndefined();
  });
});

describe("in a directory that all may write to", () => {
  it.each([
    ["a file", { kind: "files", format: "tar", dest: "out" }],
    ["a directory", { kind: "files", format: "local", dest: "out" }],
  ] as const)("%s is not written through names that another user can guess", async (_what, wanted) => {
    await writeFile(join(root, "important"), "important");
    for (const name of [
      `out.${process.pid}.partial`,
      `out.${process.pid}.tar`,
      `out.${process.pid}.tar.${process.pid}.partial`,
    ]) {
      await symlink("important", join(root, name));
      await giveAway(join(root, name));
    }
    const destination = openDestination({ ...wanted, dest: join(root, "out") });
    destination.write(execFileSync("tar", ["-cf", "-", "-C", root, "important"]));
    await destination.commit();
    expect(await readFile(join(root, "important"), "utf8")).toBe("important");
  });

  it("another user's link is refused before anything is created", async () => {
    await mkdir(join(root, "private"));
    await symlink("private", join(root, "out"));
    await giveAway(join(root, "out"));
    await chmod(root, 0o1777);
    for (const format of ["tar", "local"] as const) {
      const check = checkDestinations([{ kind: "files", format, dest: join(root, "out") }], false);
      await expect(check).rejects.toThrow(`${join(root, "out")} is a link of another user`);
    }
  });
});

it("a device is written to and stays; what came cut to it is not sent again", async () => {
  const destination = openDestination({ kind: "files", format: "tar", dest: "/dev/null" });
  destination.write(Buffer.from("one"));
  await destination.commit();
  expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
  const cut = openDestination({ kind: "files", format: "tar", dest: "/dev/null" });
  cut.write(Buffer.from("one"));
  await expect(cut.discard()).rejects.toThrow("the archive was cut on its way to /dev/null");
});

describe("an exported directory is the image's", () => {
  async function written(entries: readonly Entry[]): Promise<string> {
    const destination = openDestination({ kind: "files", format: "local", dest: join(root, "out") });
    destination.write(archive(entries));
    await destination.commit();
    return join(root, "out");
  }

  it("links, as they are written, wherever they lead", async () => {
    const out = await written([
      { name: "usr/bin/awk", flag: "2", link: "/etc/alternatives/awk" },
      { name: "a/up", flag: "2", link: "../../../up" },
      { name: "a/f", content: "f" },
      { name: "g", flag: "1", link: "a/f" },
    ]);
    expect(await readlink(join(out, "usr/bin/awk"))).toBe("/etc/alternatives/awk");
    expect(await readlink(join(out, "a/up"))).toBe("../../../up");
    expect((await stat(join(out, "g"))).ino).toBe((await stat(join(out, "a/f"))).ino);
  });

  it("modes, also of read-only directories, whatever the umask is", async () => {
    const own = process.umask(0o077);
    try {
      const out = await written([
        { name: "ro/", flag: "5", mode: 0o555 },
        { name: "ro/f", content: "f", mode: 0o4755 },
        { name: "none", content: "n", mode: 0 },
      ]);
      expect(((await stat(join(out, "ro"))).mode & 0o7777).toString(8)).toBe("555");
      expect(((await stat(join(out, "ro/f"))).mode & 0o7777).toString(8)).toBe("4755");
      expect(((await stat(join(out, "none"))).mode & 0o7777).toString(8)).toBe("0");
    } finally {
      process.umask(own);
    }
  });

  it("and nothing outside of it is written, through a link that is there or one of the archive", async () => {
    await mkdir(join(root, "outside"));
    await mkdir(join(root, "out"));
    await symlink("../outside", join(root, "out/d"));
    await symlink("../outside/target", join(root, "out/f"));
    const out = await written([
      { name: "d/x", content: "x" },
      { name: "f", content: "f" },
      { name: "../up", content: "up" },
      { name: "l", flag: "2", link: "/tmp" },
    ]);
    expect(await readdir(join(root, "outside"))).toEqual([]);
    expect((await readdir(root)).sort()).toEqual(["out", "outside"]);
    expect((await readdir(out)).sort()).toEqual(["d", "f", "l", "up"]);
  });

  it.each([
    ["a device", { name: "null", flag: "3" }, "null: it is a device"],
    ["a FIFO", { name: "pipe", flag: "6" }, "pipe is a FIFO"],
  ])("%s is an error that names it", async (_what, entry, message) => {
    await expect(written([entry])).rejects.toThrow(message);
    expect((await readdir(root)).filter((name) => name.startsWith(".slipway"))).toEqual([]);
  });

  it("and a cut one is fetched again", async () => {
    const destination = openDestination({ kind: "files", format: "local", dest: join(root, "out") });
    destination.write(archive([{ name: "f", content: "f" }]).subarray(0, 513));
    await expect(destination.commit()).rejects.toBeInstanceOf(ClusterError);
  });
});
