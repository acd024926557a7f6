/** The documented schema of `--progress json`, held against lines that the view writes. */
import { expect, it } from "vitest";
import { progressJsonSchema } from "../../../docs/generate/progress-json-page.ts";
import { BuildFailed, InternalError } from "../../../src/errors.ts";
import type { BuildEvent } from "../../../src/events.ts";
import { JsonView } from "../../../src/cli/ui/json.ts";
import { Pipe } from "../cli/ui/screen.ts";

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

/** Where a value is not as its schema says; fields that the schema does not have are faults too. */
function faultsOf(value: unknown, schema: Schema, path = "line"): string[] {
  if (schema.const !== undefined)
    return value === schema.const ? [] : [`${path} is not ${JSON.stringify(schema.const)}`];
  if (schema.enum !== undefined) return schema.enum.includes(value) ? [] : [`${path} is none of the listed values`];
  if (schema.type === "array") {
    if (!Array.isArray(value)) return [`${path} is not an array`];
    return value.flatMap((item, index) => faultsOf(item, schema.items ?? {}, `${path}[${index}]`));
  }
  if (schema.type === "integer") return Number.isInteger(value) ? [] : [`${path} is not an integer`];
  if (schema.type !== "object") return typeof value === schema.type ? [] : [`${path} is not a ${schema.type}`];
  const fields = value as Readonly<Record<string, unknown>>;
  const missing = (schema.required ?? [])
    .filter((name) => !(name in fields))
    .map((name) => `${path}.${name} is missing`);
  const faults = Object.entries(fields).flatMap(([name, field]) => {
    const known = schema.properties?.[name];
    return known === undefined ? [`${path}.${name} is not documented`] : faultsOf(field, known, `${path}.${name}`);
  });
  return [...missing, ...faults];
}

const LINES = (progressJsonSchema() as { readonly oneOf: readonly Schema[] }).oneOf;
const AT = "2026-01-01T00:00:00Z";

const EVENTS: BuildEvent[] = [
  { type: "stage-started", stage: "pack" },
  { type: "stage-done", stage: "pack", detail: "12 files", ms: 3, bytes: 9 },
  { type: "stage-failed", stage: "ship", ms: 1 },
  { type: "upload", sent: 1 },
  { type: "upload-size", bytes: 2 },
  { type: "waiting", message: "waiting for a node" },
  { type: "note", message: "building with kaniko" },
  { type: "warning", message: "no cache", suggestions: ["Use --cache-to."] },
  { type: "step-started", step: "1", name: "[1/2] FROM x", timestamp: AT },
  { type: "step-status", step: "1", text: "a 1B / 2B", id: "a", current: 1, total: 2, done: false, timestamp: AT },
  { type: "step-done", step: "1", cached: true, ms: 1, timestamp: AT },
  { type: "step-failed", step: "1", error: "canceled", ms: 1, timestamp: AT },
  { type: "log", line: "x", container: "kaniko", timestamp: AT, step: "1", from: "builder" },
  {
    type: "built",
    result: {
      name: "x",
      builder: "kaniko",
      digest: "sha256:1",
      references: ["r.io/a:1"],
      configDigest: "sha256:2",
      descriptor: { mediaType: "m", size: 1, platform: { architecture: "arm64", os: "linux", variant: "v8" } },
      names: ["a"],
      loaded: { id: "sha256:2", names: ["a"] },
    },
  },
];

function written(events: readonly BuildEvent[], error?: Error): unknown[] {
  const pipe = new Pipe();
  const view = new JsonView(pipe);
  for (const event of events) view.emit(event);
  if (error !== undefined) view.fail(error);
  return pipe.lines.map((line) => JSON.parse(line) as unknown);
}

const fits = (line: unknown): boolean => LINES.some((schema) => faultsOf(line, schema).length === 0);

it("every type of event has a line that the schema documents, with all its fields", () => {
  const lines = written(EVENTS);
  expect(lines.filter((line) => !fits(line))).toEqual([]);
  const types = new Set(LINES.map(({ properties }) => properties?.["type"]?.const));
  expect(new Set([...EVENTS.map(({ type }) => type), "failed"])).toEqual(types);
});

it.each([
  new BuildFailed("it failed", { suggestions: ["Mend it."], line: 3, excerpt: ["   3 | >>> RUN x"] }),
  new InternalError("no state", { cause: new Error("inner") }),
])("the line of a failure is documented: %s", (error) => {
  expect(written([], error).filter((line) => !fits(line))).toEqual([]);
});

it("a line with a field that is not documented does not fit", () => {
  const [line] = written([{ type: "note", message: "m" }]);
  expect([line, { ...(line as object), more: 1 }, { ...(line as object), message: 1 }].map(fits)).toEqual([
    true,
    false,
    false,
  ]);
});
