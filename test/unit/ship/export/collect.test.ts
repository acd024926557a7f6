/** The result of `-o` arrives whole or not at all, for every fault of the connection and the pod. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { BuildEvent } from "../../../../src/events.ts";
import { ClusterError } from "../../../../src/errors.ts";
import { collectExports } from "../../../../src/ship/export/collect.ts";
import { FakeCluster } from "../../../fakes/fake-cluster.ts";
import type { ExecAnswer } from "../../../fakes/fake-cluster.ts";

const ARCHIVE = Buffer.alloc(100_000, "archive");
const MANIFEST = JSON.stringify({ config: { digest: `sha256:${"c".repeat(64)}` } });

const sum = (data: Buffer): Buffer => Buffer.from(`${createHash("sha256").update(data).digest("hex")}  -\n`);
const says =
  (data: Buffer | string, exitCode = 0): ExecAnswer =>
  async (_, { stdout }) => {
    stdout?.(Buffer.from(data));
    return exitCode;
  };
const cut =
  (data: Buffer): ExecAnswer =>
  async (_, { stdout }) => {
    stdout?.(data);
    throw new ClusterError("the connection was lost");
  };
const complains =
  (text: string): ExecAnswer =>
  async (_, { stdout, stderr }) => {
    stdout?.(ARCHIVE.subarray(0, 100));
    stderr?.(Buffer.from(text));
    return 1;
  };
/** A successful attempt. */
const WHOLE = [says(ARCHIVE), says(sum(ARCHIVE))];

/** No pause between attempts. */
vi.mock("node:timers/promises", () => ({ setTimeout: async () => {} }));

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-collect-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
});

async function collect(execs: readonly ExecAnswer[], directory = false) {
  const cluster = new FakeCluster();
  cluster.execs.push(...execs);
  const events: BuildEvent[] = [];
  const wanted = { kind: "archive", format: "oci", dest: join(root, "out"), directory } as const;
  const signal = new AbortController().signal;
  const plan = { exports: [wanted] };
  const done = await collectExports({ cluster, pod: "pod", emit: (event) => events.push(event), signal }, plan).catch(
    (error: unknown) => error,
  );
  return { done, warnings: events.filter(({ type }) => type === "warning").length };
}

describe("an exported archive", () => {
  it("that arrives whole is written, and describes the image", async () => {
    const { done, warnings } = await collect([...WHOLE, says(MANIFEST)]);
    expect(done).toMatchObject({ bytes: ARCHIVE.length, description: { configDigest: `sha256:${"c".repeat(64)}` } });
    expect(warnings).toBe(0);
    expect(await readFile(join(root, "out"))).toEqual(ARCHIVE);
  });

  it.each<[string, ExecAnswer[]]>([
    ["is cut", [cut(ARCHIVE.subarray(0, 5000))]],
    ["ends early without a word", [says(ARCHIVE.subarray(0, 5000)), says(sum(ARCHIVE))]],
    ["has another byte", [says(Buffer.from(ARCHIVE).fill("x", 500, 501)), says(sum(ARCHIVE))]],
    ["has a sum nobody tells", [says(ARCHIVE), says("")]],
    ["cannot be read there", [complains("cat: image.tar: No such file or directory\n")]],
  ])("that %s is fetched again", async (_, attempt) => {
    const { done, warnings } = await collect([...attempt, ...attempt, ...WHOLE, says(MANIFEST)]);
    expect(done).toMatchObject({ bytes: ARCHIVE.length });
    expect(warnings).toBe(2);
    expect(await readdir(root)).toEqual(["out"]);
    expect(await readFile(join(root, "out"))).toEqual(ARCHIVE);
  });

  it.each<[string, ExecAnswer[], RegExp]>([
    ["cut", [cut(ARCHIVE.subarray(0, 5000))], /the connection was lost/],
    ["truncated", [says(ARCHIVE.subarray(0, 5000)), says(sum(ARCHIVE))], /did not arrive whole: its sha256 is/],
    ["wrong", [says(Buffer.from("other")), says(sum(ARCHIVE))], /did not arrive whole: its sha256 is/],
    ["not there", [complains("cat: nothing here\n")], /the pod could not send the result: cat: nothing here/],
  ])("that is %s three times is an error, and the earlier file stays", async (_, attempt, sentence) => {
    await writeFile(join(root, "out"), "before");
    const { done, warnings } = await collect([...attempt, ...attempt, ...attempt]);
    expect(done).toBeInstanceOf(ClusterError);
    expect((done as Error).message).toMatch(sentence);
    expect(warnings).toBe(2);
    expect(await readdir(root)).toEqual(["out"]);
    expect(await readFile(join(root, "out"), "utf8")).toBe("before");
  });

  it("for a directory leaves no directory and no archive if it is cut", async () => {
    const attempt = cut(ARCHIVE.subarray(0, 5000));
    expect((await collect([attempt, attempt, attempt], true)).done).toBeInstanceOf(ClusterError);
    expect(await readdir(root)).toEqual([]);
  });
});
