/** One feature of a Dockerfile, and the image that every builder has to make. */

/** A file of the image. Fields left out of the expectation are not looked at, except mode and owner, which have defaults. */
export type ExpectedFile =
  | ({ readonly kind: "file"; readonly text?: string; readonly sha256?: string } & FileFacts)
  | ({ readonly kind: "directory" } & FileFacts)
  | { readonly kind: "symlink"; readonly target: string }
  /** Another name of the file at `of`, sharing its content. */
  | { readonly kind: "hardlink"; readonly of: string }
  | ({ readonly kind: "fifo" } & FileFacts)
  | { readonly kind: "absent" };

export interface FileFacts {
  /** 0644 for a file, 0755 for a directory. */
  readonly mode?: number;
  /** `0:0`. */
  readonly owner?: string;
  /** Seconds since 1970. */
  readonly mtime?: number;
  /** Names of extended attributes it has to have. */
  readonly xattrs?: readonly string[];
}

export interface Expectation {
  /** By path in the image, without a leading slash. */
  readonly files?: Readonly<Record<string, ExpectedFile>>;
  /** All names in a directory. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  /** The image's configuration (`config` of the OCI specification): what is named has to be equal; null is not there. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The build has to fail, saying this. */
  readonly fails?: RegExp;
  /** The builder's log has to have this. */
  readonly log?: RegExp;
}

/** A builder that is known to do otherwise: what for, in a sentence that goes into the documentation. */
export interface KnownDifference {
  /** The image differs, or the builder itself refuses after its pod was created. */
  readonly kind: "differs" | "fails";
  readonly why: string;
}

/** A file of the context: its content, or what else it is. */
export type ContextFile =
  | string
  | Buffer
  | { readonly content: string | Buffer; readonly mode?: number; readonly mtime?: number }
  | { readonly symlink: string }
  | { readonly directory: true; readonly mode?: number };

interface Common {
  /** A path of its own in the context and, below /c, in the image. */
  readonly id: string;
  /** As a row of the table. */
  readonly title: string;
  readonly files?: Readonly<Record<string, ContextFile>>;
  /** Lines of the ignore file; in a shared Dockerfile, only about this case's files. */
  readonly ignore?: string;
  readonly expect: Expectation;
}

/**
 * Lines that share a Dockerfile with others': they begin and end as root, in /, with nothing changed that is not below /c/ID.
 * Names that the engine fills in: @base@, @id@, and those of images.ts.
 */
export interface SharedCase extends Common {
  readonly lines: string;
  /** Stages that come before the shared one. */
  readonly stages?: string;
}

/** A Dockerfile of its own. */
export interface OwnCase extends Common {
  readonly dockerfile: string;
  readonly flags?: readonly string[];
}

export type FeatureCase = SharedCase | OwnCase;

export function isShared(one: FeatureCase): one is SharedCase {
  return "lines" in one;
}

export const file = (text: string, facts: FileFacts = {}): ExpectedFile => ({ kind: "file", text, ...facts });
export const directory = (facts: FileFacts = {}): ExpectedFile => ({ kind: "directory", ...facts });
export const symlink = (target: string): ExpectedFile => ({ kind: "symlink", target });
export const ABSENT: ExpectedFile = { kind: "absent" };
