import { describe, expect, it } from "vitest";
import type { BuildEvent } from "../../../../src/events.ts";
import { BuildFailed, InternalError, InvalidInput } from "../../../../src/errors.ts";
import { JsonView } from "../../../../src/cli/ui/json.ts";
import { PlainView } from "../../../../src/cli/ui/plain.ts";
import { QuietView } from "../../../../src/cli/ui/quiet.ts";
import { Pipe } from "./screen.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;

const BUILD: BuildEvent[] = [
  { type: "stage-started", stage: "pack" },
  { type: "stage-started", stage: "schedule" },
  { type: "stage-done", stage: "pack", detail: "12 files, 48.1 kB", ms: 3 },
  { type: "waiting", message: "waiting for a node: 0/3 nodes are free" },
  { type: "waiting", message: "waiting for a node: 0/3 nodes are free" },
  { type: "stage-done", stage: "schedule", ms: 1234 },
  { type: "stage-done", stage: "ship", bytes: 48_123, ms: 61_000 },
  { type: "stage-started", stage: "build", detail: "kaniko in slipway-x" },
  { type: "log", line: "\u001B[36mINFO\u001B[0m\tRUN make\r", container: "kaniko", timestamp: "2026-01-01T00:00:00Z" },
  { type: "warning", message: "no cache", suggestions: ["Use --cache-to."] },
  { type: "stage-done", stage: "build", ms: 40 },
  { type: "built", result: { name: "x", builder: "kaniko", digest: DIGEST, references: ["r.io/a:1", "r.io/a:2"] } },
];

describe("plain", () => {
  it("plain writes one line per event, and the builder's lines as they are", () => {
    const pipe = new Pipe();
    const view = new PlainView(pipe);
    for (const event of BUILD) view.emit(event);
    expect(pipe.lines).toEqual([
      "#1 [internal] load build context",
      "#1 packing context: 12 files, 48.1 kB 0.0s done",
      "#1 DONE 0.0s",
      "",
      "=> waiting for a node: 0/3 nodes are free",
      "=> schedule (1.2 s)",
      "#1 [internal] load build context",
      "#1 transferring context: 48.1 kB 61.0s done",
      "#1 DONE 61.0s",
      "",
      "=> build: kaniko in slipway-x",
      "\u001B[36mINFO\u001B[0m\tRUN make\r",
      "WARNING: no cache",
      "  - Use --cache-to.",
      "=> build (40 ms)",
      "=> pushed r.io/a:1",
      "=> pushed r.io/a:2",
      `=> built digest ${DIGEST}`,
    ]);
  });

  it("plain shows a detail once, if the start and the end of a stage have the same", () => {
    const pipe = new Pipe();
    const view = new PlainView(pipe);
    view.emit({ type: "stage-started", stage: "create", detail: "slipway-x" });
    view.emit({ type: "stage-done", stage: "create", detail: "slipway-x", ms: 5 });
    expect(pipe.lines).toEqual(["=> create: slipway-x", "=> create (5 ms)"]);
  });

  it("plain labels the digest and the image ID", () => {
    const pipe = new Pipe();
    const id = `sha256:${"1".repeat(64)}`;
    const result = { name: "x", builder: "kaniko", digest: DIGEST, configDigest: id, references: [] };
    new PlainView(pipe).emit({ type: "built", result });
    expect(pipe.lines).toEqual([`=> built digest ${DIGEST}`, `=> built image ID ${id}`]);
  });

  it("plain reports a long upload every five seconds", () => {
    const pipe = new Pipe();
    let now = 0;
    const view = new PlainView(pipe, () => now);
    view.emit({ type: "stage-started", stage: "ship" });
    view.emit({ type: "upload-size", bytes: 20_000_000 });
    for (; now <= 12_000; now += 100) view.emit({ type: "upload", sent: now * 1000 });
    expect(pipe.lines).toEqual([
      "#1 [internal] load build context",
      "#1 transferring context: 5 MB of 20 MB, 25 %, 1 MB/s, 15 s left",
      "#1 transferring context: 10 MB of 20 MB, 50 %, 1 MB/s, 10 s left",
    ]);
  });

  it("plain holds its lines back while a prompt has the terminal, and loses none", async () => {
    const pipe = new Pipe();
    const view = new PlainView(pipe);
    const answer = await view.suspend(async () => {
      view.emit({ type: "stage-done", stage: "create", ms: 1 });
      await Promise.resolve();
      expect(pipe.text).toBe("");
      return 42;
    });
    expect(answer).toBe(42);
    expect(pipe.lines).toEqual(["=> create (1 ms)"]);
  });

  it("a user's error is printed once, with its remedies and without a stack", () => {
    const pipe = new Pipe();
    const view = new PlainView(pipe);
    const error = new InvalidInput("no such file: x", { suggestions: ["Write y."], cause: new Error("ENOENT") });
    view.fail(error);
    view.fail(error);
    expect(pipe.lines).toEqual(["ERROR: no such file: x", "  - Write y."]);
  });

  it("a fault of slipway is printed with causes and stack", () => {
    const pipe = new Pipe();
    const refused = new AggregateError([new Error("connect ::1"), new Error("connect 127.0.0.1")], "");
    new PlainView(pipe).fail(
      new InternalError("no state", { cause: new TypeError("x is not a function", { cause: refused }) }),
    );
    expect(pipe.lines.slice(0, 3)).toEqual([
      "ERROR: no state",
      "  caused by: x is not a function",
      "  caused by: connect ::1; connect 127.0.0.1",
    ]);
    expect(pipe.text).toMatch(/^ {4}at .*lines\.test\.ts/m);
    expect(pipe.lines.at(-1)).toContain("please report");
  });

  it("circular causes and thrown values that are not errors are printed", () => {
    const pipe = new Pipe();
    const error = new Error("round");
    error.cause = error;
    new PlainView(pipe).fail(error);
    new PlainView(pipe).fail("a string");
    new PlainView(pipe).fail(undefined);
    expect(pipe.text.match(/caused by: round/g)).toHaveLength(8);
    expect(pipe.lines).toContain("ERROR: a string");
    expect(pipe.lines).toContain("ERROR: undefined");
  });
});

describe("json", () => {
  it("json writes every event on one line with its time, and the failure as data", () => {
    const pipe = new Pipe();
    const view = new JsonView(pipe, () => new Date(0));
    for (const event of BUILD) view.emit(event);
    view.fail(new BuildFailed("RUN make\nfailed", { suggestions: ["Mend it."], cause: new Error("hidden") }));
    const lines = pipe.lines.map((line) => JSON.parse(line) as unknown);
    const time = "1970-01-01T00:00:00.000Z";
    expect(lines.slice(0, -1)).toEqual(BUILD.map((event) => ({ time, ...event })));
    expect(lines.at(-1)).toEqual({
      time,
      type: "failed",
      exit: 1,
      name: "BuildFailed",
      message: "RUN make\nfailed",
      suggestions: ["Mend it."],
      causes: [],
    });
  });

  it("json gives an unknown error the exit code of a fault of slipway, and its frames", () => {
    const pipe = new Pipe();
    new JsonView(pipe).fail(new RangeError("what"));
    expect(JSON.parse(pipe.text)).toMatchObject({ exit: 125, name: "RangeError", frames: expect.any(Array) });
  });
});

describe("quiet", () => {
  it("quiet prints only the failure", () => {
    const pipe = new Pipe();
    const view = new QuietView(pipe);
    const emit: (event: BuildEvent) => void = view.emit.bind(view);
    for (const event of BUILD) emit(event);
    expect(pipe.text).toBe("");
    view.fail(new BuildFailed("RUN make failed"));
    expect(pipe.text).toBe("\u001b[36mINFO\u001b[0m\tRUN make\r\nERROR: RUN make failed\n");
  });
});
