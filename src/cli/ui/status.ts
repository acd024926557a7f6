import type { BuildEvent, Stage } from "../../events.ts";
import { flatten } from "./control-sequences.ts";
import { formatElapsed } from "../../lib/text/measures.ts";
import { Upload } from "./upload.ts";
import { fit, widthOf } from "./width.ts";

/** The line at the bottom in parts, each to be coloured on its own; together never wider than asked. */
export interface StatusLine {
  readonly stage: string;
  readonly body: string;
  readonly bar: { readonly done: number; readonly left: number } | undefined;
  readonly elapsed: string;
}

const BAR = 24;
const GAP = 2;

/** What is going on now, kept from the events alone. */
export class Status {
  #running = new Map<Stage, { since: number; detail: string }>();
  #upload: Upload | undefined;
  #waiting = "";

  /** Take note of an event at a time in milliseconds. */
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
        this.#upload.advance(event.sent, event.total, now);
        break;
      case "waiting":
        this.#waiting = flatten(event.message);
        break;
      case "log":
        // Whatever was waited for is there.
        this.#waiting = "";
        break;
      default:
    }
  }

  /** Is any stage under way? */
  get busy(): boolean {
    return this.#running.size > 0;
  }

  /** The line for a terminal with room for `width` cells; undefined when nothing is under way. */
  line(width: number, now: number): StatusLine | undefined {
    const stage = this.#foremost();
    if (stage === undefined) return undefined;
    const { since, detail } = this.#running.get(stage) ?? { since: now, detail: "" };
    const elapsed = formatElapsed(now - since);
    const room = width - widthOf(stage) - widthOf(elapsed) - 2 * GAP;
    if (room < 1) return { stage: fit(`${stage} ${elapsed}`, width), body: "", bar: undefined, elapsed: "" };
    if (stage === "ship" && this.#upload !== undefined) {
      return { stage, elapsed, ...uploadParts(this.#upload, room, now) };
    }
    return {
      stage,
      body: fit(stage === "build" || this.#waiting === "" ? detail : this.#waiting, room),
      bar: undefined,
      elapsed,
    };
  }

  /** Of stages that overlap: the upload while bytes travel, else the one that started last. */
  #foremost(): Stage | undefined {
    if (this.#upload !== undefined && this.#running.has("ship")) return "ship";
    return [...this.#running.keys()].at(-1);
  }
}

/** As many facts as there is room for, and the bar if it still fits. */
function uploadParts(upload: Upload, room: number, now: number): Pick<StatusLine, "body" | "bar"> {
  const facts = upload.facts(now);
  while (facts.length > 1 && widthOf(facts.join("  ")) > room) facts.pop();
  const body = fit(facts.join("  "), room);
  const share = upload.share();
  if (share === undefined || widthOf(body) + GAP + BAR > room) return { body, bar: undefined };
  const done = Math.floor(share * BAR);
  return { body, bar: { done, left: BAR - done } };
}
