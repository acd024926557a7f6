/** Progress as data: whoever does the work emits these, one view (src/cli/ui) owns the terminal. */
import type { ImageDescription } from "./lib/registry/types.ts";

/** The line of one build, in the order in which stages start (they overlap). */
export type Stage = "pack" | "create" | "schedule" | "ship" | "build" | "export" | "sbom";

export type BuildEvent =
  | { readonly type: "stage-started"; readonly stage: Stage; readonly detail?: string }
  | {
      readonly type: "stage-done";
      readonly stage: Stage;
      /** What came of it, for a person: `12 files, 48.1 kB`. */
      readonly detail?: string;
      /** Wall time of the stage in milliseconds. */
      readonly ms: number;
      /** Bytes the stage moved, where it moves any. */
      readonly bytes?: number;
    }
  | { readonly type: "stage-failed"; readonly stage: Stage; readonly ms: number }
  /** Bytes on their way into the pod; `total` is absent while the packer has not reached the end. */
  | { readonly type: "upload"; readonly sent: number; readonly total?: number }
  /** What the pod waits for, one sentence: `waiting for a node: 0/3 nodes have 8Gi of memory free`. */
  | { readonly type: "waiting"; readonly message: string }
  /** What a person may want to know of how this build came about, one sentence that stays. */
  | { readonly type: "note"; readonly message: string }
  /** One line of the builder's output without its line feed, as bytes were decoded from UTF-8 leniently. */
  | { readonly type: "log"; readonly line: string; readonly container: string; readonly timestamp: string }
  | { readonly type: "warning"; readonly message: string; readonly suggestions?: readonly string[] }
  | { readonly type: "built"; readonly result: BuildResult };

export interface BuildResult extends ImageDescription {
  /** The build's name: its Job's. */
  readonly name: string;
  readonly builder: string;
  /** Digest of the image manifest, `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** Every reference the image was pushed to, with its tag; none where it was not pushed. */
  readonly references: readonly string[];
  /** The image's names as docker's metadata file has them: as they were typed, or in full where they are only written into an archive. */
  readonly names?: readonly string[];
  /** What was asked for is no image: its files alone, or nothing. */
  readonly imageless?: boolean;
}

export type Emit = (event: BuildEvent) => void;

/** Reports a stage's beginning and end. `start` and `done` may be called again for a stage: only the first call counts. */
export interface StageTimer {
  start(stage: Stage, detail?: string): void;
  done(stage: Stage, detail?: string, bytes?: number): void;
  /** Whatever is under way has failed. */
  fail(): void;
}
