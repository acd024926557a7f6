/** What the files of an image say of the packages in it. */

export interface FoundPackage {
  /** Its kind, by the name package URLs have for it (purl-spec, types/). */
  readonly type: "apk" | "deb" | "golang" | "npm" | "pypi";
  /** As its database has it: npm's with its scope, Go's with its path. */
  readonly name: string;
  readonly version?: string;
  readonly architecture?: string;
  /** In the database's own words. */
  readonly licence?: string;
  /** What it was built from, where the database names that. */
  readonly source?: { readonly name: string; readonly version?: string };
}

/** What os-release says. */
export interface OperatingSystem {
  /** `debian`, `alpine`. */
  readonly id: string;
  /** `12`, `3.20.1`; rolling distributions have none. */
  readonly version?: string;
}

/** What one file says. */
export interface Contents {
  readonly packages: readonly FoundPackage[];
  readonly system?: OperatingSystem;
  /** Why it says more than is in here: one clause. */
  readonly unread?: string;
}

/** Takes a file as it comes. */
export interface Reader {
  write(chunk: Uint8Array): void;
  /** Undefined for a file that is none of its kind after all. */
  end(): Contents | undefined;
}

/** Longest name, version or licence there may be, in characters: what is longer is none. */
export const LONGEST_VALUE = 512;

/**
 * A text as a value, where it can be one: on one line, and without what moves a terminal's cursor. No half of a surrogate pair is left
 * in it, as no encoding has room for one.
 */
export function valueOf(text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  const trimmed = text.trim();
  return trimmed === "" || trimmed.length > LONGEST_VALUE || /\p{Cc}/u.test(trimmed)
    ? undefined
    : trimmed.toWellFormed();
}
