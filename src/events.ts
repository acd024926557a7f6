/** Progress as data: the code that works emits events, and one view (src/cli/ui) owns the terminal. */
import type { ImageDescription } from "./lib/registry/types.ts";

/** The stages of a build, in the order in which they start. They may overlap. */
export type Stage = "pack" | "create" | "schedule" | "ship" | "build" | "export" | "sbom" | "load";

export type BuildEvent =
  | { readonly type: "stage-started"; readonly stage: Stage; readonly detail?: string }
  | {
      readonly type: "stage-done";
      readonly stage: Stage;
      /** The result in words: `12 files, 48.1 kB`. */
      readonly detail?: string;
      /** Wall time of the stage in milliseconds. */
      readonly ms: number;
      /** Bytes that the stage transferred, if any. */
      readonly bytes?: number;
    }
  | { readonly type: "stage-failed"; readonly stage: Stage; readonly ms: number }
  /** Bytes sent to the pod so far. */
  | { readonly type: "upload"; readonly sent: number }
  /** About how many bytes there are to send, as what is still to be packed may be easier or harder to compress. `pack` ends with their number. */
  | { readonly type: "upload-size"; readonly bytes: number }
  /** What the build waits for, one sentence: `waiting for a node: 0/3 nodes have 8Gi of memory free`. */
  | { readonly type: "waiting"; readonly message: string }
  /** A decision about this build, one sentence that stays on the screen. */
  | { readonly type: "note"; readonly message: string }
  | LogEvent
  | StepEvent
  | { readonly type: "warning"; readonly message: string; readonly suggestions?: readonly string[] }
  | { readonly type: "built"; readonly result: BuildResult };

/** One line of the builder's log without its line feed. Bytes that are not UTF-8 are replaced. */
export interface LogEvent {
  readonly type: "log";
  readonly line: string;
  readonly container: string;
  /** When the line was written, as RFC 3339. */
  readonly timestamp: string;
  /** The step that the line belongs to, if the builder has steps and the line is a part of one. */
  readonly step?: string;
  /**
   * `output`, the default, is a line that a command of the Dockerfile prints. `builder` is a message of the builder about its work.
   * `excerpt` is a line of the Dockerfile around a failure. `repeat` repeats other events: the rest of BuildKit's summary.
   */
  readonly from?: "output" | "builder" | "excerpt" | "repeat";
}

/**
 * A step of the builder: an instruction of the Dockerfile, or what the builder does besides. `step` is its name among these events. A step
 * may start again after its end.
 */
export type StepEvent =
  /** `name` is for people, as docker names steps: `[build 3/7] RUN make`. */
  | {
      readonly type: "step-started";
      readonly step: string;
      readonly name: string;
      readonly timestamp: string;
      /** It runs beside all others: what the builder does outside of the Dockerfile's instructions. */
      readonly background?: boolean;
    }
  | StepStatus
  | {
      readonly type: "step-done";
      readonly step: string;
      /** The result was taken from a cache. */
      readonly cached: boolean;
      /** Wall time of the step in milliseconds. */
      readonly ms: number;
      readonly timestamp: string;
    }
  | {
      readonly type: "step-failed";
      readonly step: string;
      readonly error: string;
      readonly ms: number;
      readonly timestamp: string;
    };

/** The progress of a part of a step, for example of a transfer. */
export interface StepStatus {
  readonly type: "step-status";
  readonly step: string;
  /** One line for people: `sha256:… 1.1MB / 3.3MB 0.2s`. */
  readonly text: string;
  /** Identifies the part, the same in each of its events: `sha256:…`. */
  readonly id: string;
  /** Bytes so far, as precise as the builder reports them. */
  readonly current?: number;
  /** Bytes in all. */
  readonly total?: number;
  /** It has ended. */
  readonly done: boolean;
  readonly timestamp: string;
}

export interface BuildResult extends ImageDescription {
  /** The name of the build and of its Job. */
  readonly name: string;
  readonly builder: string;
  /** Digest of the image manifest, `sha256:` and 64 hex digits. Empty for several platforms of which nothing is pushed or exported. */
  readonly digest: string;
  /** Every reference that the image was pushed to, with its tag; empty if it was not pushed. */
  readonly references: readonly string[];
  /** The image's names for docker's metadata file: as they were typed, or in full if they are only written into an archive. */
  readonly names?: readonly string[];
  /** The ID of the image in the local engine, and its names there: it was loaded. */
  readonly loaded?: LoadedImage;
  /** The build makes no image: only files, or nothing. */
  readonly imageless?: boolean;
}

export interface LoadedImage {
  readonly id: string;
  /** In docker's short form. */
  readonly names: readonly string[];
}

export type Emit = (event: BuildEvent) => void;

/** Reports a stage's beginning and end. `start` and `done` may be called again for a stage: only the first call counts. */
export interface StageTimer {
  start(stage: Stage, detail?: string): void;
  done(stage: Stage, detail?: string, bytes?: number): void;
  /** Every stage that has started and not ended has failed. */
  fail(): void;
}
