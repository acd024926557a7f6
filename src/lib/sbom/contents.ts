/** Types for the packages that the files of an image list. */

export interface FoundPackage {
  /** Type of its package URL (purl-spec, types/). */
  readonly type: "apk" | "deb" | "golang" | "npm" | "pypi";
  /** As in the package database: npm names with their scope, Go names with their path. */
  readonly name: string;
  readonly version?: string;
  readonly architecture?: string;
  /** As written in the package database. */
  readonly licence?: string;
  /** The source package, if the database names it. */
  readonly source?: { readonly name: string; readonly version?: string };
}

/** The content of os-release. */
export interface OperatingSystem {
  /** `debian`, `alpine`. */
  readonly id: string;
  /** `12`, `3.20.1`; absent for rolling distributions. */
  readonly version?: string;
}

/** The content of one file. */
export interface Contents {
  readonly packages: readonly FoundPackage[];
  readonly system?: OperatingSystem;
  /** Why some of its content is missing here: one clause. */
  readonly unread?: string;
}

/** Reads one file in chunks. */
export interface Reader {
  write(chunk: Uint8Array): void;
  /** Undefined if the file is not of this kind. */
  end(): Contents | undefined;
}

/** Longest name, version or licence, in characters. Longer values are ignored. */
export const MAX_VALUE_LENGTH = 512;

/**
 * A text as a value, or undefined if it is not a string of one line without control characters. Half of a surrogate pair is replaced,
 * because UTF-8 cannot encode it.
 */
export function valueOf(text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  const trimmed = text.trim();
  return trimmed === "" || trimmed.length > MAX_VALUE_LENGTH || /\p{Cc}/u.test(trimmed)
    ? undefined
    : trimmed.toWellFormed();
}
