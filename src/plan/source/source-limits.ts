/** How much an archive or a repository may send before slipway refuses it: a few kilobytes can unpack to terabytes. docs/reference/limits.md has them. */
import { InvalidInput } from "../../errors.ts";
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

const UNITS = {
  bytes: { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 },
  count: { "": 1 },
  ms: { "": 1000, ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
} as const satisfies Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The variable that sets each limit, its default, and the units that a value may have. */
export const SOURCE_LIMITS = {
  bytes: { variable: "SLIPWAY_LIMIT_SOURCE_BYTES", value: 16 * 1024 ** 3, unit: "bytes", example: "64g" },
  entries: { variable: "SLIPWAY_LIMIT_SOURCE_ENTRIES", value: 1_000_000, unit: "count", example: "5000000" },
  ratio: { variable: "SLIPWAY_LIMIT_SOURCE_RATIO", value: 200, unit: "count", example: "2000" },
  timeMs: { variable: "SLIPWAY_LIMIT_CLONE_MS", value: 3_600_000, unit: "ms", example: "4h" },
} as const satisfies Readonly<Record<keyof SourceLimits, object>>;

/** @throws InvalidInput for a variable that is not a limit */
export function limitsOf(env: Readonly<Record<string, string | undefined>> = process.env): SourceLimits {
  return {
    bytes: limitOf("bytes", env),
    entries: limitOf("entries", env),
    ratio: limitOf("ratio", env),
    timeMs: limitOf("timeMs", env),
  };
}

function limitOf(key: keyof SourceLimits, env: Readonly<Record<string, string | undefined>>): number {
  const { variable, value, unit, example } = SOURCE_LIMITS[key];
  const text = env[variable] ?? "";
  if (text === "") return value;
  const [, digits = "", suffix = ""] = /^(\d{1,15})([a-z]*)$/i.exec(text) ?? [];
  const units: Readonly<Record<string, number>> = UNITS[unit];
  const number = Number(digits) * (units[suffix.toLowerCase()] ?? 0);
  if (digits !== "" && number > 0 && Number.isSafeInteger(number)) return number;
  throw new InvalidInput(`${variable} is "${text}", which is not a limit`, {
    suggestions: [`Write a number, for example: ${variable}=${example}`],
  });
}

/** The error of what exceeds a limit. @param name of the archive or repository */
export function overLimit(name: string, key: keyof SourceLimits, limits: SourceLimits): InvalidInput {
  const what: Readonly<Record<keyof SourceLimits, string>> = {
    bytes: `has more than ${formatBytes(limits.bytes)} of files`,
    entries: `has more than ${limits.entries} files, links and directories`,
    ratio: `unpacks to more than ${limits.ratio} times its size`,
    timeMs: `did not arrive within ${formatDuration(limits.timeMs)}`,
  };
  const { variable, example } = SOURCE_LIMITS[key];
  return new InvalidInput(`${name} ${what[key]}, which is the limit`, {
    suggestions: [`If that is right, allow more, for example: ${variable}=${example} slipway build …`],
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
