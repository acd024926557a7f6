/** A FIFO or a device under the name of a file of a project hangs nothing; what the user names may be a pipe. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, afterEach, expect, it, onTestFinished } from "vitest";
import { readBytesOrExplain, readIfThere } from "../../../../src/lib/files/read-file.ts";
import { readNamedFile, readRegularFile } from "../../../../src/lib/files/regular-file.ts";
import { readEnvironmentFile } from "../../../../src/cli/commands/plugin.ts";

let directory: string;
let before: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "slipway-fifo-"));
  before = process.cwd();
  mkdirSync(join(directory, "project"));
  process.chdir(join(directory, "project"));
});

afterEach(() => {
  process.chdir(before);
  rmSync(directory, { recursive: true, force: true });
});

function fifo(path: string): string {
  execFileSync("mkfifo", [path]);
  return path;
}

it("a FIFO in the project is refused at once, also if the user names it", async () => {
  const path = fifo("Dockerfile");
  await expect(readRegularFile(path)).rejects.toThrow("is not a regular file");
  await expect(readIfThere(path)).rejects.toThrow("Dockerfile is not a regular file");
  await expect(readBytesOrExplain(path, "the Dockerfile", "refuses")).rejects.toThrow(
    "the Dockerfile Dockerfile is not a regular file",
  );
});

it("a link to a device is refused, and so is a file that is too large", async () => {
  symlinkSync("/dev/zero", "zero");
  await expect(readNamedFile("zero")).rejects.toThrow("is not a regular file");
  writeFileSync("large", Buffer.alloc(100));
  await expect(readRegularFile("large", 99)).rejects.toThrow("is larger than 99 B");
  await expect(readNamedFile("/dev/zero", 1_000_000)).rejects.toThrow("is larger than 1 MB");
  expect(await readRegularFile("large", 100)).toHaveLength(100);
});

it("a pipe that the user names outside of the project is read, as from `-f <(command)`", async () => {
  const path = fifo(join(directory, "pipe"));
  const writer = spawn("sh", ["-c", 'printf "FROM a" > "$0"', path]);
  onTestFinished(() => void writer.kill());
  expect(String(await readBytesOrExplain(path, "the Dockerfile", "refuses"))).toBe("FROM a");
});

it("files of /proc and /dev are read wherever the user is", async () => {
  process.chdir("/");
  expect((await readNamedFile("/proc/self/status")).length).toBeGreaterThan(0);
  expect(await readNamedFile("/dev/null")).toHaveLength(0);
});

it("what the user names and is not there, or is a directory, has node's error", async () => {
  await expect(readNamedFile("nothing")).rejects.toMatchObject({ code: "ENOENT" });
  await expect(readNamedFile(".")).rejects.toMatchObject({ code: "EISDIR" });
  await expect(readNamedFile(tmpdir())).rejects.toMatchObject({ code: "EISDIR" });
});

it("a project's other files are read only if they are regular files", async () => {
  fifo(".slipway.yaml");
  fifo("env");
  await expect(readEnvironmentFile("env")).rejects.toThrow("PLUGIN_ENV_FILE env is not a regular file");
  await expect(readIfThere(".slipway.yaml", { what: "the configuration " })).rejects.toThrow(
    "the configuration .slipway.yaml is not a regular file",
  );
});
