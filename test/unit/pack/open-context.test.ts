import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Parser } from "tar";
import { afterEach, beforeEach, expect, it, onTestFinished } from "vitest";
import type { BuildEvent } from "../../../src/events.ts";
import type { PruningDecision } from "../../../src/pack/prune-context.ts";
import { openContext } from "../../../src/pack/open-context.ts";
import { InvalidInput } from "../../../src/errors.ts";
import { PLAN } from "../plan/sample.ts";

let root: string;
let events: BuildEvent[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-open-"));
  events = [];
  await writeFile(join(root, "a.txt"), "hello");
  await writeFile(join(root, "b.log"), "no");
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function everything(): Promise<PruningDecision> {
  return { kind: "everything", because: "the test wants it" };
}

function open(ignoreFile?: string, signal = new AbortController().signal) {
  const context = { root, ignoreFile: ignoreFile === undefined ? undefined : Buffer.from(ignoreFile) };
  return openContext({ ...PLAN, context }, everything, (event) => events.push(event), signal);
}

async function entriesOf(archive: AsyncIterable<Uint8Array>): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  const parser = new Parser({
    onReadEntry(entry) {
      const chunks: Buffer[] = [];
      entry.on("data", (chunk) => chunks.push(chunk));
      entry.on("end", () => entries.set(entry.path, Buffer.concat(chunks).toString()));
    },
  });
  for await (const chunk of archive) parser.write(Buffer.from(chunk));
  parser.end();
  return entries;
}

it("the directories of --build-context are beside the context, each with its own ignore rules", async () => {
  const named = await mkdtemp(join(tmpdir(), "slipway-named-"));
  onTestFinished(() => rm(named, { recursive: true, force: true }));
  await writeFile(join(named, "b.log"), "a log");
  await writeFile(join(named, "tool"), "a tool");
  const plan = {
    ...PLAN,
    context: { root, ignoreFile: Buffer.from("*.log") },
    directories: [
      { number: 1, root: named, ignoreFile: undefined },
      { number: 3, root: named, ignoreFile: Buffer.from("tool") },
    ],
  };
  const entries = await entriesOf(openContext(plan, everything, () => {}, new AbortController().signal)());
  const files = [...entries].filter(([path]) => !path.endsWith("/") && !path.startsWith("dockerfile/"));
  expect(files.slice(0, -1)).toEqual([
    ["context/a.txt", "hello"],
    ["contexts/1/b.log", "a log"],
    ["contexts/1/tool", "a tool"],
    ["contexts/3/b.log", "a log"],
  ]);
  expect(files.at(-1)?.[0]).toBe(".slipway-complete");
});

it("refuses a malformed ignore file of a --build-context before anything is packed", () => {
  const directory = { number: 0, root, ignoreFile: Buffer.from("[a"), ignoreName: "../lib/.dockerignore" };
  const plan = { ...PLAN, context: { root, ignoreFile: undefined }, directories: [directory] };
  expect(() => openContext(plan, everything, () => {}, new AbortController().signal)).toThrow("../lib/.dockerignore");
});

it("warns about a context over the threshold, with its heaviest paths", async () => {
  await writeFile(join(root, "big.bin"), Buffer.alloc(5000));
  const context = { root, ignoreFile: undefined };
  const plan = { ...PLAN, context, contextWarning: 4000 };
  for await (const _ of openContext(plan, everything, (event) => events.push(event), new AbortController().signal)());
  expect(events.filter(({ type }) => type === "warning")).toEqual([
    {
      type: "warning",
      message: "the context has 5.01 kB, more than 4 kB; most of it is in big.bin (5 kB)",
      suggestions: [
        expect.stringContaining("add them to .dockerignore"),
        "List the files that are sent: slipway context",
      ],
    },
  ]);
});

it.each([
  ["one large file", 1],
  ["many files", 40],
])("warns before most of a context of %s is sent", async (_, count) => {
  const size = 4_000_000;
  for (let index = 0; index < count; index++)
    await writeFile(join(root, `${index}.bin`), randomBytes(Math.floor(size / count)));
  const plan = { ...PLAN, context: { root, ignoreFile: undefined }, contextWarning: size / 2 };
  let sent = 0;
  let sentBefore: number | undefined;
  const emit = (event: BuildEvent): void => {
    if (event.type === "warning") sentBefore ??= sent;
  };
  for await (const chunk of openContext(plan, everything, emit, new AbortController().signal)()) {
    sent += chunk.length;
    // The network takes its time.
    await setTimeout(20);
  }
  expect(sentBefore).toBeLessThan(size / 2);
});

it.each([
  ["what does not shrink", (size: number) => randomBytes(size)],
  ["what shrinks", (size: number) => Buffer.from("0123456789abcdef\n".repeat(Math.ceil(size / 17))).subarray(0, size)],
])("estimates how many bytes of %s there are to send, and knows it in the end", async (_, content) => {
  const named = await mkdtemp(join(tmpdir(), "slipway-named-"));
  onTestFinished(() => rm(named, { recursive: true, force: true }));
  const size = 16_000_000;
  await writeFile(join(root, "one.bin"), content(size));
  await writeFile(join(named, "two.bin"), content(size));
  const plan = {
    ...PLAN,
    context: { root, ignoreFile: undefined },
    contextWarning: size,
    directories: [{ number: 1, root: named, ignoreFile: undefined }],
  };
  const sizes: number[] = [];
  const emit = (event: BuildEvent): void => {
    if (event.type === "upload-size") sizes.push(event.bytes);
  };
  let sent = 0;
  for await (const chunk of openContext(plan, everything, emit, new AbortController().signal)()) {
    sent += chunk.length;
    // The network takes its time.
    await setTimeout(20);
  }
  const [first = 0] = sizes;
  expect(Math.abs(first / sent - 1)).toBeLessThan(0.1);
  expect(sizes.length).toBeGreaterThan(2);
  expect(sizes.at(-1)).toBe(sent);
});

it("does not warn about a context below the threshold", async () => {
  await writeFile(join(root, "big.bin"), Buffer.alloc(5000));
  const plan = { ...PLAN, context: { root, ignoreFile: undefined }, contextWarning: 6000 };
  for await (const _ of openContext(plan, everything, (event) => events.push(event), new AbortController().signal)());
  expect(events.filter(({ type }) => type === "warning")).toEqual([]);
});

it("holds the context, the Dockerfile beside it with no rules of its own, and the marker last", async () => {
  const entries = await entriesOf(open("*.log")());
  expect([...entries.keys()]).toEqual([
    "dockerfile/",
    "dockerfile/Dockerfile",
    "dockerfile/Dockerfile.dockerignore",
    "context/",
    "context/a.txt",
    ".slipway-complete",
  ]);
  expect(entries.get("dockerfile/Dockerfile")).toBe(PLAN.dockerfile.text);
  expect(entries.get("dockerfile/Dockerfile.dockerignore")).toMatch(/^# [^\n]*\n$/);
  expect(entries.get("context/a.txt")).toBe("hello");
});

it("the start and end of packing are reported, with the size", async () => {
  await entriesOf(open()());
  expect(events).toEqual([
    { type: "stage-started", stage: "pack" },
    { type: "upload-size", bytes: expect.any(Number) as number },
    {
      type: "stage-done",
      stage: "pack",
      ms: expect.any(Number) as number,
      bytes: expect.any(Number) as number,
      detail: expect.stringMatching(/^2 entries, 7 B, \d+ B packed$/) as string,
    },
  ]);
});

it("can be opened again, from the beginning", async () => {
  const again = open();
  expect(await entriesOf(again())).toEqual(await entriesOf(again()));
});

it("warns of what an image cannot hold", async () => {
  const server = createServer().listen(join(root, "s.sock"));
  await new Promise((resolve) => {
    server.once("listening", resolve);
  });
  await entriesOf(open()());
  await new Promise((resolve) => {
    server.close(resolve);
  });
  expect(events).toContainEqual({
    type: "warning",
    message: "s.sock is a socket, which an image cannot have, so it was skipped",
  });
});

it("refuses a malformed ignore file before anything is packed", () => {
  expect(() => open("[")).toThrow(InvalidInput);
});

it("stops when it is told to", async () => {
  const stop = new AbortController();
  const archive = open(undefined, stop.signal);
  stop.abort(new Error("stopped"));
  await expect(entriesOf(archive())).rejects.toThrow("stopped");
});
