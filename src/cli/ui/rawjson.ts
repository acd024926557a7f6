/**
 * BuildKit's `--progress rawjson` for every builder: one SolveStatus per line (moby/buildkit client/graph.go), made of slipway's events.
 * Each stage of the build is a vertex. The builder's log belongs to the vertex of the stage `build`.
 */
import { hash } from "node:crypto";
import type { BuildEvent, Stage } from "../../events.ts";
import { tolerateBrokenPipe } from "./progress.ts";
import { failureLines } from "./failure.ts";
import { formatBytes } from "../../lib/text/measures.ts";
import type { Progress, ViewStream } from "./progress.ts";
import { jsonText, tameText } from "../../lib/terminal/output.ts";

interface Vertex {
  readonly digest: string;
  readonly name: string;
  readonly started: string;
}

const NAMES: Readonly<Record<Stage, string>> = {
  pack: "[internal] pack build context",
  create: "[internal] create build",
  schedule: "[internal] schedule pod",
  ship: "[internal] load build context",
  build: "build",
  export: "exporting to client",
  sbom: "generating sbom",
  load: "loading into the engine",
};
/** File descriptor of standard error, where builders log. */
const STDERR = 2;

export class RawJsonView implements Progress {
  readonly #stream: ViewStream;
  readonly #clock: () => Date;
  readonly #target: string;
  readonly #vertexes = new Map<Stage, Vertex>();
  #failed = false;

  /** @param target name of the target if several builds share the stream: it keeps their vertexes apart, as in bake */
  constructor(stream: ViewStream, clock: () => Date = () => new Date(), target = "") {
    this.#stream = stream;
    this.#clock = clock;
    this.#target = target;
    tolerateBrokenPipe(stream);
  }

  emit(event: BuildEvent): void {
    switch (event.type) {
      case "stage-started":
        this.#write({ vertexes: [this.#open(event.stage)] });
        return;
      case "stage-done":
        this.#close(event.stage, {});
        return;
      case "stage-failed":
        this.#close(event.stage, { error: `${NAMES[event.stage]} failed` });
        return;
      case "upload":
        this.#status("ship", "transferring context", event.sent, event.total);
        return;
      case "note":
        this.#log(this.#vertexes.has("build") ? "build" : "schedule", event.message, this.#now());
        return;
      case "waiting":
        this.#log("schedule", event.message, this.#now());
        return;
      case "log":
        this.#log("build", event.line, event.timestamp);
        return;
      case "warning": {
        const vertex = this.#vertexes.get("build") ?? this.#open("build");
        const lines = event.suggestions ?? [];
        this.#write({
          warnings: [{ vertex: vertex.digest, level: 1, short: base64(event.message), detail: lines.map(base64) }],
        });
        return;
      }
      case "built":
        this.#exported(event.result);
    }
  }

  /** As docker does: the running vertex has the error, and after the stream the error is printed again for people. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const lines = failureLines(error);
    for (const stage of this.#vertexes.keys()) this.#close(stage, { error: (lines[0] ?? "").replace(/^ERROR: /, "") });
    this.#stream.write(`${lines.map(tameText).join("\n")}\n`);
  }

  /** This view uses no terminal, so it need not pause. */
  suspend<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  [Symbol.dispose](): void {
    // This view holds no resource.
  }

  #open(stage: Stage): Vertex {
    const vertex = { digest: this.#digest(stage), name: this.#name(NAMES[stage]), started: this.#now() };
    this.#vertexes.set(stage, vertex);
    return vertex;
  }

  #close(stage: Stage, fields: { readonly error?: string }): void {
    const vertex = this.#vertexes.get(stage);
    if (vertex === undefined) return;
    this.#vertexes.delete(stage);
    this.#write({ vertexes: [{ ...vertex, completed: this.#now(), ...fields }] });
  }

  #log(stage: Stage, line: string, timestamp: string): void {
    const vertex = this.#vertexes.get(stage);
    if (vertex === undefined) this.#write({ vertexes: [this.#open(stage)] });
    this.#write({ logs: [{ vertex: this.#digest(stage), stream: STDERR, data: base64(`${line}\n`), timestamp }] });
  }

  #status(stage: Stage, id: string, current: number, total: number | undefined): void {
    const vertex = this.#vertexes.get(stage);
    if (vertex === undefined) return;
    const sizes = total === undefined ? { current } : { total, current };
    this.#write({
      statuses: [{ id: `${id}: ${formatBytes(current)}`, vertex: vertex.digest, ...sizes, timestamp: this.#now() }],
    });
  }

  /** The last status, as BuildKit's image exporter writes it. */
  #exported({ digest, references }: Extract<BuildEvent, { type: "built" }>["result"]): void {
    const timestamp = this.#now();
    const vertex = { digest: this.#digest("exporting"), name: this.#name("exporting to image"), started: timestamp };
    const ids = [`exporting manifest ${digest}`, ...references.map((reference) => `pushing ${reference}`)];
    this.#write({
      vertexes: [{ ...vertex, completed: timestamp }],
      statuses: ids.map((id) => ({
        id,
        vertex: vertex.digest,
        current: 0,
        timestamp,
        started: timestamp,
        completed: timestamp,
      })),
    });
  }

  /** An identifier in the form of a digest, different for each target and stage. */
  #digest(stage: Stage | "exporting"): string {
    return `sha256:${hash("sha256", `${this.#target}\n${stage}`)}`;
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

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
