import type { BuildEvent, Stage } from "../../events.ts";
import type { Wait } from "../../lib/waits/waits.ts";
import { flatten } from "../../lib/terminal/control-sequences.ts";
import { formatElapsed } from "../../lib/text/measures.ts";
import { Upload } from "./upload.ts";
import { fit, widthOf } from "./width.ts";

/** The parts of the status line, each with its own colour. Together they fit the given width. */
export interface StatusLine {
  readonly stage: string;
  readonly body: string;
  readonly bar: { readonly done: number; readonly left: number } | undefined;
  readonly elapsed: string;
}

/** Widths in terminal cells. */
const BAR_WIDTH = 24;
const GAP_WIDTH = 2;

/** The current state of a build, from its events. */
export class Status {
  #running = new Map<Stage, { since: number; detail: string }>();
  #upload: Upload | undefined;
  /** Bytes to send, as far as is known. */
  #total: number | undefined;
  #waiting = "";
  /** What takes long. */
  #wait: { readonly text: string; readonly since: number } | undefined;

  /** @param wait undefined: nothing takes long */
  showWait(wait: Wait | undefined): void {
    this.#wait = wait && { text: flatten(`waiting for ${wait.what}`), since: wait.since };
  }

  /** @param now in milliseconds */
  apply(event: BuildEvent, now: number): void {
    switch (event.type) {
      case "stage-started":
        this.#running.set(event.stage, { since: now, detail: flatten(event.detail ?? "") });
        break;
      case "stage-done":
      case "stage-failed":
        this.#running.delete(event.stage);
        if (event.stage === "ship") this.#upload = undefined;
        if (event.stage === "schedule") this.#waiting = "";
        break;
      case "upload":
        this.#upload ??= new Upload();
        this.#upload.advance(event.sent, now);
        this.#upload.expect(this.#total);
        break;
      case "upload-size":
        this.#total = event.bytes;
        break;
      case "waiting":
        this.#waiting = flatten(event.message);
        break;
      case "log":
        // The log shows that the wait is over.
        this.#waiting = "";
        break;
      default:
    }
  }

  /** Whether a stage is running, or something takes long. */
  get busy(): boolean {
    return this.#running.size > 0 || this.#wait !== undefined;
  }

  /** The line for a terminal of `width` cells; undefined if there is nothing to show. */
  line(width: number, now: number): StatusLine | undefined {
    const stage = this.#shownStage();
    const wait = this.#wait;
    if (stage === undefined) {
      if (wait === undefined) return undefined;
      const elapsed = formatElapsed(now - wait.since);
      const body = fit(wait.text, Math.max(0, width - widthOf(elapsed) - GAP_WIDTH));
      return { stage: "", body, bar: undefined, elapsed };
    }
    const { since, detail } = this.#running.get(stage) ?? { since: now, detail: "" };
    const elapsed = formatElapsed(now - since);
    const room = width - widthOf(stage) - widthOf(elapsed) - 2 * GAP_WIDTH;
    if (room < 1) return { stage: fit(`${stage} ${elapsed}`, width), body: "", bar: undefined, elapsed: "" };
    if (stage === "ship" && this.#upload !== undefined) {
      return { stage, elapsed, ...uploadParts(this.#upload, room, now) };
    }
    return {
      stage,
      body: fit(wait?.text ?? (stage === "build" || this.#waiting === "" ? detail : this.#waiting), room),
      bar: undefined,
      elapsed,
    };
  }

  /** Stages overlap: this is the upload while it sends, else the stage that started last. */
  #shownStage(): Stage | undefined {
    if (this.#upload !== undefined && this.#running.has("ship")) return "ship";
    return [...this.#running.keys()].at(-1);
  }
}

/** As many facts as fit, and the bar if it fits as well. */
function uploadParts(upload: Upload, room: number, now: number): Pick<StatusLine, "body" | "bar"> {
  const facts = upload.facts(now);
  while (facts.length > 1 && widthOf(facts.join("  ")) > room) facts.pop();
  const body = fit(facts.join("  "), room);
  const fraction = upload.fraction();
  if (fraction === undefined || widthOf(body) + GAP_WIDTH + BAR_WIDTH > room) return { body, bar: undefined };
  const done = Math.floor(fraction * BAR_WIDTH);
  return { body, bar: { done, left: BAR_WIDTH - done } };
}
