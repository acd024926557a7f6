import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { BuildFailed } from "../../../../src/errors.ts";
import { RawJsonView } from "../../../../src/cli/ui/rawjson.ts";

const NOW = "2026-01-02T03:04:05.000Z";

interface SolveStatus {
  vertexes?: {
    digest: string;
    name: string;
    started: string;
    completed?: string;
    cached?: boolean;
    error?: string;
  }[];
  logs?: { vertex: string; stream: number; data: string; timestamp: string }[];
  statuses?: {
    id: string;
    vertex: string;
    current: number;
    total?: number;
    timestamp: string;
    started: string;
    completed?: string;
  }[];
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

it("rawjson has a vertex for the lines of the log that belong to no step, with its lines in base64", () => {
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

const AT = "2026-01-02T03:04:00.000Z";
const LATER = "2026-01-02T03:04:02.000Z";

it("a step is a vertex, with the time that its builder reports, and what it printed", () => {
  const { rawjson, statuses } = view();
  rawjson.emit({ type: "stage-started", stage: "build" });
  rawjson.emit({ type: "step-started", step: "7", name: "[2/2] RUN make", timestamp: AT });
  rawjson.emit({ type: "log", step: "7", line: "made", container: "c", timestamp: LATER });
  rawjson.emit({ type: "log", step: "7", line: "INFO", from: "builder", container: "c", timestamp: LATER });
  rawjson.emit({ type: "log", step: "7", line: "told", from: "repeat", container: "c", timestamp: LATER });
  rawjson.emit({ type: "step-done", step: "7", cached: false, ms: 1500, timestamp: LATER });
  rawjson.emit({ type: "stage-done", stage: "build", ms: 1 });
  const [started, output, comment, completed, ...rest] = statuses();
  const vertex = { digest: started?.vertexes?.[0]?.digest ?? "", name: "[2/2] RUN make", started: AT };
  expect(started).toEqual({ vertexes: [vertex] });
  expect(output?.logs?.[0]).toMatchObject({ vertex: vertex.digest, stream: 1, data: btoa("made\n") });
  expect(comment?.logs?.[0]).toMatchObject({ vertex: vertex.digest, stream: 2, data: btoa("INFO\n") });
  expect(completed).toEqual({ vertexes: [{ ...vertex, completed: "2026-01-02T03:04:01.500Z" }] });
  expect(rest).toEqual([]);
});

it("a step that runs again is the same vertex, and only its second run is added", () => {
  const { rawjson, statuses } = view();
  rawjson.emit({ type: "step-started", step: "1", name: "[1/2] FROM x", timestamp: AT });
  rawjson.emit({ type: "step-done", step: "1", cached: false, ms: 100, timestamp: AT });
  rawjson.emit({ type: "step-started", step: "1", name: "[1/2] FROM x", timestamp: LATER });
  rawjson.emit({ type: "step-done", step: "1", cached: true, ms: 400, timestamp: LATER });
  const vertexes = statuses().flatMap((status) => status.vertexes ?? []);
  expect(new Set(vertexes.map(({ digest }) => digest)).size).toBe(1);
  expect(vertexes.map(({ started, completed, cached }) => [started, completed, cached])).toEqual([
    [AT, undefined, undefined],
    [AT, "2026-01-02T03:04:00.100Z", undefined],
    [LATER, undefined, undefined],
    [LATER, "2026-01-02T03:04:02.300Z", true],
  ]);
});

it("a status keeps its identifier and its start until it is done", () => {
  const { rawjson, statuses } = view();
  const status = { type: "step-status", step: "1", id: "sha256:a", total: 10 } as const;
  rawjson.emit({ type: "step-started", step: "1", name: "[1/2] FROM x", timestamp: AT });
  rawjson.emit({ ...status, text: "sha256:a 1B / 10B", current: 1, done: false, timestamp: AT });
  rawjson.emit({ ...status, text: "sha256:a 10B / 10B done", current: 10, done: true, timestamp: LATER });
  expect(statuses().flatMap((line) => line.statuses ?? [])).toMatchObject([
    { id: "sha256:a", current: 1, total: 10, started: AT },
    { id: "sha256:a", current: 10, total: 10, started: AT, completed: LATER },
  ]);
});

it("the image is named in the step that exported it, if the builder has one", () => {
  const { rawjson, statuses } = view();
  const result = { name: "n", builder: "kaniko", digest: "sha256:1", references: [] };
  rawjson.emit({ type: "step-started", step: "1", name: "exporting to image", timestamp: AT });
  rawjson.emit({ type: "step-done", step: "1", cached: false, ms: 1, timestamp: AT });
  rawjson.emit({ type: "built", result });
  const [started, , built] = statuses();
  expect(built?.vertexes).toBeUndefined();
  expect(built?.statuses?.[0]).toMatchObject({
    id: "exporting manifest sha256:1",
    vertex: started?.vertexes?.[0]?.digest,
  });
});

it.each([
  ["application/vnd.oci.image.index.v1+json", "exporting manifest list sha256:1"],
  ["application/vnd.docker.distribution.manifest.list.v2+json", "exporting manifest list sha256:1"],
  ["application/vnd.oci.image.manifest.v1+json", "exporting manifest sha256:1"],
])("rawjson names what is pushed as BuildKit does: %s", (mediaType, id) => {
  const { rawjson, statuses } = view();
  const result = {
    name: "n",
    builder: "kaniko",
    digest: "sha256:1",
    references: [],
    descriptor: { mediaType, size: 1 },
  };
  rawjson.emit({ type: "built", result });
  expect(statuses()[0]?.statuses?.map((status) => status.id)).toEqual([id]);
});

it("rawjson has the bytes of the upload, and the image", () => {
  const { rawjson, statuses } = view();
  rawjson.emit({ type: "stage-started", stage: "ship" });
  rawjson.emit({ type: "upload-size", bytes: 10 });
  rawjson.emit({ type: "upload", sent: 5 });
  rawjson.emit({
    type: "built",
    result: { name: "n", builder: "kaniko", digest: "sha256:1", references: ["r.io/a:1"] },
  });
  const [, upload, built] = statuses();
  expect(upload?.statuses?.[0]).toMatchObject({ current: 5, total: 10, timestamp: NOW });
  expect(built?.statuses?.map(({ id }) => id)).toEqual(["exporting manifest sha256:1", "pushing r.io/a:1"]);
});

it("every vertex that has started is completed when the view is closed", () => {
  const { rawjson, statuses } = view();
  rawjson.emit({ type: "note", message: "building with kaniko" });
  rawjson.emit({ type: "waiting", message: "waiting for a node" });
  rawjson[Symbol.dispose]();
  const vertexes = statuses().flatMap((status) => status.vertexes ?? []);
  const completed = vertexes.filter((vertex) => vertex.completed !== undefined).map(({ digest }) => digest);
  expect(new Set(completed)).toEqual(new Set(vertexes.map(({ digest }) => digest)));
});

it("the running vertex gets the error, which is then printed for people", () => {
  const { rawjson, lines } = view();
  rawjson.emit({ type: "stage-started", stage: "schedule" });
  rawjson.fail(new BuildFailed("it failed", { suggestions: ["Mend it."] }));
  const [, failed, ...rest] = lines();
  expect((JSON.parse(failed ?? "") as SolveStatus).vertexes?.[0]).toMatchObject({
    name: "[internal] schedule pod",
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
    rawjson.emit({ type: "step-started", step: "1", name: "[1/2] FROM x", timestamp: NOW });
    rawjson.emit({ type: "step-started", step: "2", name: "exporting to image", timestamp: NOW });
  }
  const vertexes = lines.flatMap((line) => (JSON.parse(line) as SolveStatus).vertexes ?? []);
  expect(vertexes.map(({ name }) => name)).toEqual([
    "[web internal] create build",
    "[web 1/2] FROM x",
    "[web] exporting to image",
    "[api internal] create build",
    "[api 1/2] FROM x",
    "[api] exporting to image",
  ]);
  expect(new Set(vertexes.map(({ digest }) => digest)).size).toBe(6);
});
