import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { BuildFailed } from "../../../../src/errors.ts";
import { RawJsonView } from "../../../../src/cli/ui/rawjson.ts";

const NOW = "2026-01-02T03:04:05.000Z";

interface SolveStatus {
  vertexes?: { digest: string; name: string; started: string; completed?: string; error?: string }[];
  logs?: { vertex: string; stream: number; data: string; timestamp: string }[];
  statuses?: { id: string; vertex: string; current: number; total?: number; timestamp: string }[];
  warnings?: { vertex: string; short: string }[];
}

function view() {
  let text = "";
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const rawjson = new RawJsonView(stream, () => new Date(NOW));
  const lines = () => text.trimEnd().split("\n");
  return { rawjson, lines, statuses: () => lines().map((line) => JSON.parse(line) as SolveStatus) };
}

it("rawjson writes BuildKit's stream: vertexes that start and complete, logs in base64", () => {
  const { rawjson, statuses } = view();
  rawjson.emit({ type: "stage-started", stage: "build" });
  rawjson.emit({ type: "log", line: "hello", container: "kaniko", timestamp: NOW });
  rawjson.emit({ type: "warning", message: "beware" });
  rawjson.emit({ type: "stage-done", stage: "build", ms: 1 });
  const [started, log, warning, completed] = statuses();
  const digest = started?.vertexes?.[0]?.digest ?? "";
  expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(started).toEqual({ vertexes: [{ digest, name: "build", started: NOW }] });
  expect(log).toEqual({
    logs: [{ vertex: digest, stream: 2, data: Buffer.from("hello\n").toString("base64"), timestamp: NOW }],
  });
  expect(warning?.warnings?.[0]).toMatchObject({ vertex: digest, short: Buffer.from("beware").toString("base64") });
  expect(completed).toEqual({ vertexes: [{ digest, name: "build", started: NOW, completed: NOW }] });
});

it("rawjson has the bytes of the upload, and the image", () => {
  const { rawjson, statuses } = view();
  rawjson.emit({ type: "stage-started", stage: "ship" });
  rawjson.emit({ type: "upload", sent: 5, total: 10 });
  rawjson.emit({
    type: "built",
    result: { name: "n", builder: "kaniko", digest: "sha256:1", references: ["r.io/a:1"] },
  });
  const [, upload, built] = statuses();
  expect(upload?.statuses?.[0]).toMatchObject({ current: 5, total: 10, timestamp: NOW });
  expect(built?.statuses?.map(({ id }) => id)).toEqual(["exporting manifest sha256:1", "pushing r.io/a:1"]);
});

it("the running vertex gets the error, which is then printed for people", () => {
  const { rawjson, lines } = view();
  rawjson.emit({ type: "stage-started", stage: "build" });
  rawjson.fail(new BuildFailed("it failed", { suggestions: ["Mend it."] }));
  const [, failed, ...rest] = lines();
  expect((JSON.parse(failed ?? "") as SolveStatus).vertexes?.[0]).toMatchObject({
    name: "build",
    error: "it failed",
    completed: NOW,
  });
  expect(rest).toEqual(["ERROR: it failed", "  - Mend it."]);
});

it("several targets on one stream have their own vertexes, named as in bake", () => {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  for (const target of ["web", "api"]) {
    const rawjson = new RawJsonView(stream, () => new Date(NOW), target);
    rawjson.emit({ type: "stage-started", stage: "create" });
    rawjson.emit({ type: "stage-started", stage: "build" });
  }
  const vertexes = lines.flatMap((line) => (JSON.parse(line) as SolveStatus).vertexes ?? []);
  expect(vertexes.map(({ name }) => name)).toEqual([
    "[web internal] create build",
    "[web] build",
    "[api internal] create build",
    "[api] build",
  ]);
  expect(new Set(vertexes.map(({ digest }) => digest)).size).toBe(4);
});
