/** The receiver's commands, run by a real shell in a directory that replaces the pod's volume. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openContext } from "../../../src/pack/open-context.ts";
import { commitCommand, receiveCommand, receiver, waitScript } from "../../../src/ship/receiver.ts";
import { PLAN } from "../plan/sample.ts";

let root: string;
let context: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-receive-"));
  context = await mkdtemp(join(tmpdir(), "slipway-context-"));
});

afterEach(async () => {
  await Promise.all([root, context].map((path) => rm(path, { recursive: true, force: true })));
});

/** Runs a command of the pod with its paths below `root`. */
function run(
  [, , script = "", ...rest]: readonly string[],
  stdin?: Uint8Array,
): Promise<{ code: number | null; stderr: string }> {
  const here = script.replaceAll("/tmp/", `${root}/tmp-`).replaceAll("/dev/termination-log", `${root}/said`);
  const words = rest.map((word) => (word === "/slipway" ? root : word));
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["-c", here, ...words], { stdio: ["pipe", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("error", reject).on("close", (code) => resolve({ code, stderr }));
    child.stdin.on("error", () => {}).end(stdin);
  });
}

async function everything() {
  return { kind: "everything", because: "the test wants it" } as const;
}

async function packed(): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const plan = { ...PLAN, context: { root: context, ignoreFile: undefined } };
  for await (const chunk of openContext(plan, everything, () => {}, new AbortController().signal)()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sum = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("waiting for a context", () => {
  const waiting = (silent: number) => run(["sh", "-c", waitScript(silent, 1), "wait", "/slipway"]);

  it("ends when nothing arrives, with a message in the pod's status", async () => {
    const { code, stderr } = await waiting(2);
    expect([code, stderr]).toEqual([1, "no data of the context arrived for 2 seconds: its client is gone\n"]);
    expect(await readFile(join(root, "said"), "utf8")).toBe(stderr);
  });

  it("ends when an upload was started and never finished", async () => {
    const done = waiting(3);
    await run(receiveCommand("a1"), (await packed()).subarray(0, 20));
    expect((await done).code).toBe(1);
  });

  it("exits with 0 after the commit, also if that took several checks", async () => {
    const archive = await packed();
    const done = waiting(60);
    await pause(2500);
    await run(receiveCommand("a1"), archive);
    expect(await run(commitCommand("a1", sum(archive)))).toMatchObject({ code: 0 });
    expect((await done).code).toBe(0);
  });
});

describe("receiving", () => {
  it("unpacks beside the final directory, and moves it there if the checksum is right", async () => {
    const archive = await packed();
    expect(await run(receiveCommand("a1"), archive)).toMatchObject({ code: 0 });
    expect(await readdir(root)).not.toContain("ready");
    expect(await run(commitCommand("a1", sum(archive)))).toEqual({ code: 0, stderr: "" });
    expect(await readFile(join(root, "ready/dockerfile/Dockerfile"), "utf8")).toBe(PLAN.dockerfile.text);
    expect(await readdir(join(root, "ready"))).toEqual(["context", "dockerfile"]);
    expect(await readdir(root)).toContain("tmp-committed");
  });

  it("refuses a different checksum, and commits nothing", async () => {
    await run(receiveCommand("a1"), await packed());
    const { code, stderr } = await run(commitCommand("a1", "0".repeat(64)));
    expect(code).toBe(65);
    expect(stderr).toMatch(/^sha256 of what arrived is [0-9a-f]{64}\n$/);
    expect(await readdir(root)).not.toContain("ready");
  });

  it("can commit again after the answer was lost", async () => {
    const archive = await packed();
    await run(receiveCommand("a1"), archive);
    await run(commitCommand("a1", sum(archive)));
    expect(await run(commitCommand("a1", sum(archive)))).toEqual({ code: 0, stderr: "" });
    expect((await run(commitCommand("a1", "0".repeat(64)))).code).toBe(1);
  });

  it("commits only when everything is unpacked", async () => {
    const archive = await packed();
    const receiving = run(receiveCommand("a1"), archive);
    while (!(await readdir(root)).includes("tmp-attempt-a1")) await pause(5);
    expect(await run(commitCommand("a1", sum(archive)))).toEqual({ code: 0, stderr: "" });
    expect((await receiving).code).toBe(0);
  });

  it("reports at once why it takes no more, and reads the rest", async () => {
    const { code, stderr } = await run(receiveCommand("a1"), Buffer.alloc(3_000_000, "no archive"));
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^slipway: .*(?:gzip|tar)/);
    const committed = await run(commitCommand("a1", "0".repeat(64)));
    expect(committed.code).toBe(66);
    expect(`slipway: ${committed.stderr}`).toBe(stderr);
  });

  it("does not commit an attempt that never started", async () => {
    expect((await run(commitCommand("a1", "0".repeat(64)))).code).toBe(66);
  });

  it("detects a cut in the compressed stream", async () => {
    const archive = await packed();
    expect((await run(receiveCommand("a1"), archive.subarray(0, -20))).code).not.toBe(0);
  });

  it("detects a cut between two entries, which leaves a valid tar", async () => {
    expect((await run(receiveCommand("a1"), gzipSync(Buffer.alloc(1024)))).code).not.toBe(0);
  });

  it("removes the remains of a failed attempt", async () => {
    await run(receiveCommand("a1"), Buffer.from("no archive"));
    const archive = await packed();
    expect((await run(receiveCommand("a2"), archive)).code).toBe(0);
    expect(await readdir(root)).not.toContain("incoming-a1");
    expect((await run(commitCommand("a1", sum(archive)))).code).toBe(66);
    expect((await run(commitCommand("a2", sum(archive)))).code).toBe(0);
  });
});

it("the receiver has root's capabilities over files only if the builder is root", () => {
  const rights = (user: number) => receiver({ image: "x", user, group: user }).securityContext?.capabilities;
  expect(rights(0)).toEqual({ drop: ["ALL"], add: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"] });
  expect(rights(1000)).toEqual({ drop: ["ALL"] });
});
