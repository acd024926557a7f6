/** The mount that spares the daemon its waits for the disk: a real shell, with stand-ins for mount and umount. */
import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WITHOUT_SYNC } from "../../../../src/builders/buildkit/daemon.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-volatile-"));
  await mkdir(join(home, "bin"));
  await mkdir(join(home, "state"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<void> {
  const path = join(home, "bin", name);
  await writeFile(path, `#!/bin/sh\necho "${name} $*" >> ${home}/calls\n${script}\n`);
  await chmod(path, 0o755);
}

/** Runs the script as a daemon's start does, and returns what it called and printed. @param mount what `mount` does */
async function run(mount: string): Promise<{ readonly calls: readonly string[]; readonly printed: string }> {
  await program("mount", mount);
  await program("umount", "");
  const { stdout, stderr, status } = spawnSync("sh", ["-c", `${WITHOUT_SYNC}\necho started`], {
    env: { PATH: `${join(home, "bin")}:${process.env["PATH"]}`, state: join(home, "state") },
    encoding: "utf8",
  });
  expect(status).toBe(0);
  const calls = (await readFile(join(home, "calls"), "utf8")).replaceAll(`${home}/`, "").trim().split("\n");
  return { calls, printed: stdout + stderr };
}

const OVERLAY =
  "mount -t overlay -o lowerdir=state/volatile/lower,upperdir=state/volatile/upper,workdir=state/volatile/work,userxattr,volatile overlay state/runc-overlayfs";
const BIND = "mount --bind state/volatile/snapshots state/runc-overlayfs/snapshots";

it("mounts the overlay, and keeps the snapshots but not their database outside of it", async () => {
  expect(await run("")).toEqual({ calls: [OVERLAY, BIND], printed: "started\n" });
  // Seen through the second mount, it is the overlay's file.
  expect(await readlink(join(home, "state/volatile/snapshots/metadata.db"))).toBe("../snapshots.db");
});

it("changes nothing where the kernel refuses the overlay, and says nothing", async () => {
  expect(await run("echo 'mount: permission denied' >&2; exit 1")).toEqual({ calls: [OVERLAY], printed: "started\n" });
});

it("takes the overlay away again where the snapshots cannot be mounted into it", async () => {
  const { calls, printed } = await run('[ "$1" != --bind ]');
  expect([calls, printed]).toEqual([[OVERLAY, BIND, "umount state/runc-overlayfs"], "started\n"]);
});
