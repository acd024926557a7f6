import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Export } from "../../../../src/plan/docker/options.ts";
import { checkDestinations, openDestination } from "../../../../src/ship/export/destination.ts";

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
