/** The events of several builds that run at once as those of one build: each step with its platform, each stage once. */
import type { BuildEvent, Emit, Stage } from "../../../events.ts";
import { omitUndefined } from "../../../lib/text/omit-undefined.ts";

interface MergedStage {
  readonly startedAt: number;
  /** Platforms in which it has ended, each with its result in words. */
  readonly done: Map<string, string | undefined>;
  bytes: number | undefined;
  hasFailed: boolean;
}

type Message = Extract<BuildEvent, { type: "note" | "warning" }>;

/** A message that is held until each platform has said the same, or has come further than where it is said. */
interface HeldMessage {
  readonly event: Message;
  /** Platforms that have said it, in this order. */
  readonly by: Set<string>;
  /** How many stages the first of them had started. */
  readonly at: number;
}

export class PlatformEvents {
  readonly #emit: Emit;
  readonly #platforms: readonly string[];
  readonly #build: string;
  readonly #stages = new Map<Stage, MergedStage>();
  /** Bytes sent to each pod. */
  readonly #sent = new Map<string, number>();
  readonly #held = new Map<string, HeldMessage>();
  /** The number of stages that each platform has started. Infinite once its build has ended. */
  readonly #progress = new Map<string, number>();

  /** @param build name of the whole build */
  constructor(emit: Emit, platforms: readonly string[], build: string) {
    this.#emit = emit;
    this.#platforms = platforms;
    this.#build = build;
  }

  /** For the build of one platform. */
  of(platform: string): Emit {
    return (event) => this.#translate(event, platform);
  }

  /** For the packing of the context, which is done once and sent to the pods of all platforms. */
  readonly ofPacking: Emit = (event) => {
    const times = event.type === "upload-size" ? { bytes: event.bytes * this.#platforms.length } : {};
    this.#emit({ ...event, ...times });
  };

  /** The build of a platform has ended, and says nothing more. */
  ended(platform: string): void {
    this.#progress.set(platform, Number.POSITIVE_INFINITY);
    this.#tellHeld();
  }

  #translate(event: BuildEvent, platform: string): void {
    switch (event.type) {
      case "stage-started":
        this.#progress.set(platform, this.#progressOf(platform) + 1);
        this.#tellHeld();
        return this.#start(event.stage);
      case "stage-done":
        return this.#done(event, platform);
      case "stage-failed":
        return this.#fail(event.stage);
      case "upload":
        this.#sent.set(platform, event.sent);
        return this.#emit({ type: "upload", sent: [...this.#sent.values()].reduce((sum, bytes) => sum + bytes, 0) });
      case "upload-size":
        return this.ofPacking(event);
      case "waiting":
        return this.#emit({ ...event, message: `${platform}: ${event.message}` });
      case "note":
      case "warning":
        return this.#hold(event, platform);
      case "built":
        return;
      case "log":
        return this.#emit({
          ...event,
          ...(event.step === undefined
            ? { line: event.from === "excerpt" ? event.line : `[${platform}] ${event.line}` }
            : { step: stepOf(event.step, platform) }),
        });
      case "step-started":
        return this.#emit({ ...event, step: stepOf(event.step, platform), name: nameOf(event.name, platform) });
      default:
        return this.#emit({ ...event, step: stepOf(event.step, platform) });
    }
  }

  #progressOf(platform: string): number {
    return this.#progress.get(platform) ?? 0;
  }

  #hold(event: Message, platform: string): void {
    const key = JSON.stringify(event);
    const held = this.#held.get(key) ?? { event, by: new Set(), at: this.#progressOf(platform) };
    held.by.add(platform);
    this.#held.set(key, held);
    this.#tellHeld();
  }

  /** Tells each message that no further platform will say, once, with the platforms that have said it. */
  #tellHeld(): void {
    for (const [key, { event, by, at }] of this.#held) {
      if (!this.#platforms.every((platform) => by.has(platform) || this.#progressOf(platform) > at)) continue;
      this.#held.delete(key);
      const names = this.#platforms.filter((platform) => by.has(platform)).join(", ");
      this.#emit({ ...event, message: `${names}: ${event.message}` });
    }
  }

  #start(stage: Stage): void {
    if (this.#stages.has(stage)) return;
    this.#stages.set(stage, { startedAt: performance.now(), done: new Map(), bytes: undefined, hasFailed: false });
    this.#emit({ type: "stage-started", stage, ...(stage === "create" ? { detail: this.#build } : {}) });
  }

  /** A stage has ended when it has in the builds of all platforms. */
  #done({ stage, detail, bytes }: Extract<BuildEvent, { type: "stage-done" }>, platform: string): void {
    const merged = this.#stages.get(stage);
    if (merged === undefined || merged.hasFailed) return;
    merged.done.set(platform, detail);
    if (bytes !== undefined) merged.bytes = (merged.bytes ?? 0) + bytes;
    if (merged.done.size < this.#platforms.length) return;
    const details = this.#platforms.flatMap((name) => {
      const text = merged.done.get(name);
      return text === undefined ? [] : [`${name}: ${text}`];
    });
    this.#emit({
      type: "stage-done",
      stage,
      ms: Math.round(performance.now() - merged.startedAt),
      ...omitUndefined({ bytes: merged.bytes }),
      ...(stage === "create" ? { detail: this.#build } : {}),
      ...(stage !== "create" && details.length > 0 ? { detail: details.join("; ") } : {}),
    });
  }

  #fail(stage: Stage): void {
    const merged = this.#stages.get(stage);
    if (merged === undefined || merged.hasFailed) return;
    merged.hasFailed = true;
    this.#emit({ type: "stage-failed", stage, ms: Math.round(performance.now() - merged.startedAt) });
  }
}

function stepOf(step: string, platform: string): string {
  return `${platform} ${step}`;
}

/** As BuildKit names the steps of several platforms: `[linux/arm64 build 3/7] RUN make`. */
function nameOf(name: string, platform: string): string {
  return name.startsWith("[") ? `[${platform} ${name.slice(1)}` : `[${platform}] ${name}`;
}
