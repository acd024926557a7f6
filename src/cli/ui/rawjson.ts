/**
 * BuildKit's `--progress rawjson` for every builder: one SolveStatus per line (moby/buildkit client/graph.go), made of slipway's events.
 * Each stage of the build is a vertex, and so is each step of the builder. Lines of the log that belong to no step have a vertex of their own.
 */
import { hash } from "node:crypto";
import type { BuildEvent, LogEvent, StepEvent, StepStatus } from "../../events.ts";
import { tolerateBrokenPipe } from "./progress.ts";
import { ContextStep } from "./context-step.ts";
import type { ShownEvent, ShownStage } from "./context-step.ts";
import { excerptLines, failureLines } from "./failure.ts";
import type { Progress, ViewStream } from "./progress.ts";
import { isShownLater } from "./step-book.ts";
import { jsonText, tameText } from "../../lib/terminal/output.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** As BuildKit's reader keeps it: a vertex that runs again has the same digest and another start. */
interface Vertex {
  readonly digest: string;
  readonly name: string;
  readonly started: string;
}

type Ending = StepEvent & { readonly type: "step-done" | "step-failed" };

/** The stages that are vertexes. What concerns the context is a step. */
const NAMES: Readonly<Record<ShownStage, string>> = {
  create: "[internal] create build",
  schedule: "[internal] schedule pod",
  build: "build",
  export: "exporting to client",
  sbom: "generating sbom",
  load: "loading into the engine",
};
/** The step that exports and pushes, by the name that BuildKit gives it, and the other builders' steps too. */
const EXPORTING = "exporting to image";
/** File descriptors: of what the Dockerfile's commands print, and of what builders say. */
const STDOUT = 1;
const STDERR = 2;

/** Media types of an index: OCI's, and Docker's manifest list. */
const INDEX = /\.image\.index\.v1\+json$|\.manifest\.list\.v2\+json$/;

export class RawJsonView implements Progress {
  readonly #stream: ViewStream;
  readonly #clock: () => Date;
  readonly #target: string;
  readonly #context: ContextStep;
  readonly #running = new Map<string, Vertex>();
  /** Milliseconds that each step took, all its runs together. */
  readonly #took = new Map<string, number>();
  /** When each status began, by the digest of its vertex and its identifier. */
  readonly #statusStarts = new Map<string, string>();
  #exporting: string | undefined;
  readonly #excerpt: string[] = [];
  /** A vertex has an error. */
  #hasError = false;
  #failed = false;

  /** @param target name of the target if several builds share the stream: it keeps their vertexes apart, as in bake */
  constructor(stream: ViewStream, clock: () => Date = () => new Date(), target = "") {
    this.#stream = stream;
    this.#clock = clock;
    this.#context = new ContextStep(() => performance.now(), clock);
    this.#target = target;
    tolerateBrokenPipe(stream);
  }

  emit(event: BuildEvent): void {
    for (const shown of this.#context.translate(event)) this.#show(shown);
  }

  #show(event: ShownEvent): void {
    switch (event.type) {
      case "stage-started":
        // The steps tell what is built. This vertex starts with the first line that belongs to none of them.
        if (event.stage !== "build") this.#openStage(event.stage);
        return;
      case "stage-done":
        this.#close(event.stage, this.#now());
        return;
      case "stage-failed":
        this.#close(event.stage, this.#now(), { error: `${NAMES[event.stage]} failed` });
        return;
      case "note":
        this.#log(this.#running.has("schedule") ? "schedule" : "build", event.message, this.#now());
        return;
      case "waiting":
        this.#log("schedule", event.message, this.#now());
        return;
      case "warning":
        this.#warned(event.message, event.suggestions ?? []);
        return;
      case "built":
        this.#exported(event.result);
        return;
      default:
        this.#step(event);
    }
  }

  /** As docker does: the running vertex has the error, and after the stream the error is printed again for people. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const lines = failureLines(error);
    if (this.#running.size === 0 && !this.#hasError) this.#openStage("build");
    const message = (lines[0] ?? "").replace(/^ERROR: /, "");
    for (const key of this.#running.keys()) this.#close(key, this.#now(), { error: message });
    this.#stream.write(`${[...excerptLines(error, this.#excerpt), ...lines.map(tameText)].join("\n")}\n`);
  }

  /** This view uses no terminal, so it need not pause. */
  suspend<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  /** Completes what still runs: a client that detaches leaves the build running, and its stream has ended. */
  [Symbol.dispose](): void {
    for (const key of this.#running.keys()) this.#close(key, this.#now());
  }

  #step(event: StepEvent | LogEvent): void {
    switch (event.type) {
      case "step-started":
        if (event.name === EXPORTING) this.#exporting = this.#digest(keyOf(event.step));
        this.#open(keyOf(event.step), event.name, event.timestamp);
        return;
      case "step-status":
        this.#status(this.#digest(keyOf(event.step)), event);
        return;
      case "step-done":
        this.#close(keyOf(event.step), this.#endOf(event), event.cached ? { cached: true } : {});
        return;
      case "step-failed":
        this.#close(keyOf(event.step), this.#endOf(event), { error: event.error });
        return;
      case "log":
        if (event.from === "excerpt") this.#excerpt.push(event.line);
        if (isShownLater(event)) return;
        this.#log(
          event.step === undefined ? "build" : keyOf(event.step),
          event.line,
          event.timestamp,
          event.step !== undefined && event.from === undefined ? STDOUT : STDERR,
        );
    }
  }

  #openStage(stage: ShownStage): void {
    this.#open(stage, NAMES[stage], this.#now());
  }

  #open(key: string, name: string, started: string): void {
    const vertex = { digest: this.#digest(key), name: this.#name(name), started };
    this.#running.set(key, vertex);
    this.#write({ vertexes: [vertex] });
  }

  #close(key: string, completed: string, fields: { readonly error?: string; readonly cached?: boolean } = {}): void {
    const vertex = this.#running.get(key);
    if (vertex === undefined) return;
    this.#running.delete(key);
    this.#hasError ||= fields.error !== undefined;
    this.#write({ vertexes: [{ ...vertex, completed, ...fields }] });
  }

  /** The step's start and the time that its builder reports, which is more exact than when its log arrived. */
  #endOf({ step, ms, timestamp }: Ending): string {
    const { started } = this.#running.get(keyOf(step)) ?? { started: timestamp };
    const took = ms - (this.#took.get(step) ?? 0);
    if (took <= 0) return started;
    this.#took.set(step, ms);
    const startedAt = Date.parse(started);
    return Number.isNaN(startedAt) ? timestamp : new Date(startedAt + took).toISOString();
  }

  #log(key: ShownStage | `step ${string}`, line: string, timestamp: string, stream = STDERR): void {
    if (!this.#running.has(key) && !key.startsWith("step ")) this.#openStage(key as ShownStage);
    this.#write({ logs: [{ vertex: this.#digest(key), stream, data: base64(`${line}\n`), timestamp }] });
  }

  #status(
    vertex: string,
    { id, current = 0, total, done, timestamp }: Omit<StepStatus, "type" | "step" | "text">,
  ): void {
    const key = `${vertex} ${id}`;
    const started = this.#statusStarts.get(key) ?? timestamp;
    this.#statusStarts.set(key, started);
    this.#write({
      statuses: [
        {
          id,
          vertex,
          ...omitUndefined({ total }),
          current,
          timestamp,
          started,
          ...(done ? { completed: timestamp } : {}),
        },
      ],
    });
  }

  #warned(message: string, suggestions: readonly string[]): void {
    if (!this.#running.has("build")) this.#openStage("build");
    this.#write({
      warnings: [{ vertex: this.#digest("build"), level: 1, short: base64(message), detail: suggestions.map(base64) }],
    });
  }

  /** The last status, as BuildKit's image exporter writes it. */
  #exported({ digest, descriptor, configDigest, references }: Extract<BuildEvent, { type: "built" }>["result"]): void {
    const timestamp = this.#now();
    const vertex = this.#exporting ?? this.#digest("exporting");
    const started = { digest: vertex, name: this.#name(EXPORTING), started: timestamp, completed: timestamp };
    const ids = [
      ...(digest === ""
        ? []
        : [`exporting ${INDEX.test(descriptor?.mediaType ?? "") ? "manifest list" : "manifest"} ${digest}`]),
      ...(configDigest === undefined || configDigest === digest ? [] : [`exporting config ${configDigest}`]),
      ...references.map((reference) => `pushing ${reference}`),
    ];
    this.#write({
      ...(this.#exporting === undefined ? { vertexes: [started] } : {}),
      statuses: ids.map((id) => ({ id, vertex, current: 0, timestamp, started: timestamp, completed: timestamp })),
    });
  }

  /** An identifier in the form of a digest, different for each target, stage and step. */
  #digest(key: string): string {
    return `sha256:${hash("sha256", `${this.#target}\n${key}`)}`;
  }

  /** `[web internal] load`, `[web] exporting`: the names by which buildx tells the vertexes of several targets apart. */
  #name(name: string): string {
    if (this.#target === "") return name;
    return name.startsWith("[") ? `[${this.#target} ${name.slice(1)}` : `[${this.#target}] ${name}`;
  }

  #now(): string {
    return this.#clock().toISOString();
  }

  #write(status: object): void {
    this.#stream.write(`${jsonText(status)}\n`);
  }
}

/** What tells a step from a stage of the same name. */
function keyOf(step: string): `step ${string}` {
  return `step ${step}`;
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
