/** How much an archive or a repository may send before slipway refuses it: a few kilobytes can unpack to terabytes. docs/reference/limits.md has them. */
import { InvalidInput } from "../../errors.ts";
import { limitOf, variableOfLimit } from "../../lib/limits/limits.ts";
import type { LimitName } from "../../lib/limits/limits.ts";
import { formatBytes, formatDuration } from "../../lib/text/measures.ts";

export interface SourceLimits {
  /** Bytes of all files together, unpacked; holes of sparse files count. */
  readonly bytes: number;
  /** Files, links and directories, and parts of sparse files. */
  readonly entries: number;
  /** How many times larger than what was sent the unpacked bytes may be, once they are more than RATIO_FREE_BYTES. */
  readonly ratio: number;
  /** Milliseconds for a clone. Standard input has as long as it takes. */
  readonly timeMs: number;
}

/** So many bytes may be of any ratio: a file of zeros is legitimate. */
export const RATIO_FREE_BYTES = 1024 ** 3;

/** The names of the limits in the table. */
const NAMES = {
  bytes: "SOURCE_BYTES",
  entries: "SOURCE_ENTRIES",
  ratio: "SOURCE_RATIO",
  timeMs: "CLONE_MS",
} as const satisfies Readonly<Record<keyof SourceLimits, LimitName>>;

/** Values for a remedy: larger than the limits of the table. */
const LARGER = {
  bytes: "64g",
  entries: "5000000",
  ratio: "2000",
  timeMs: "4h",
} as const satisfies Readonly<Record<keyof SourceLimits, string>>;

/** @throws InvalidInput for a variable that is not a limit */
export function limitsOf(env: Readonly<Record<string, string | undefined>> = process.env): SourceLimits {
  return {
    bytes: limitOf(NAMES.bytes, env),
    entries: limitOf(NAMES.entries, env),
    ratio: limitOf(NAMES.ratio, env),
    timeMs: limitOf(NAMES.timeMs, env),
  };
}

/** The error of what exceeds a limit. @param name of the archive or repository */
export function overLimit(name: string, key: keyof SourceLimits, limits: SourceLimits): InvalidInput {
  const what: Readonly<Record<keyof SourceLimits, string>> = {
    bytes: `has more than ${formatBytes(limits.bytes)} of files`,
    entries: `has more than ${limits.entries} files, links and directories`,
    ratio: `unpacks to more than ${limits.ratio} times its size`,
    timeMs: `did not arrive within ${formatDuration(limits.timeMs)}`,
  };
  return new InvalidInput(`${name} ${what[key]}, which is the limit`, {
    suggestions: [`Raise the limit: ${variableOfLimit(NAMES[key])}=${LARGER[key]}`],
  });
}

/** Longest time that a timer can hold, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Runs work that has the limit's time. @throws overLimit; the signal's reason */
export async function withinTime<T>(
  name: string,
  limits: SourceLimits,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const expired = new AbortController();
  const timer = setTimeout(
    () => expired.abort(overLimit(name, "timeMs", limits)),
    Math.min(limits.timeMs, MAX_TIMER_MS),
  );
  try {
    return await work(AbortSignal.any([signal, expired.signal]));
  } catch (error) {
    signal.throwIfAborted();
    expired.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
