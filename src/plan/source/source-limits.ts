/** How much an archive, a download or a repository may send before slipway refuses it: a few kilobytes can unpack to terabytes. */
import { InvalidInput } from "../../errors.ts";
import { parseDuration } from "../../lib/text/duration.ts";
import { formatBytes, formatDuration } from "../../lib/text/measures.ts";
import { bytesOf } from "../docker/resources.ts";

export interface SourceLimits {
  /** Bytes of all files together, unpacked; holes of sparse files count. */
  readonly bytes: number;
  /** Files, links and directories. */
  readonly entries: number;
  /** How many times larger than what was sent the unpacked bytes may be, once they are more than RATIO_FREE_BYTES. */
  readonly ratio: number;
  /** Milliseconds for a download or a clone. Standard input has as long as it takes. */
  readonly timeMs: number;
}

export const SOURCE_LIMITS: SourceLimits = {
  bytes: 16 * 1024 ** 3,
  entries: 1_000_000,
  ratio: 200,
  timeMs: 60 * 60 * 1000,
};

/** So many bytes may be of any ratio: a file of zeros is legitimate. */
export const RATIO_FREE_BYTES = 1024 ** 3;

const READ: Readonly<Record<keyof SourceLimits, (text: string) => number>> = {
  bytes: (text) => bytesOf(text, "source-limit bytes"),
  entries: whole,
  ratio: whole,
  timeMs: (text) => parseDuration(text, "source-limit time") * 1000,
};
const NAMES: Readonly<Record<string, keyof SourceLimits>> = {
  bytes: "bytes",
  entries: "entries",
  ratio: "ratio",
  time: "timeMs",
};

/** @param values of --source-limit: `KEY=VALUE`, where the value `none` removes the limit @throws InvalidInput */
export function limitsOf(values: readonly string[] = []): SourceLimits {
  const limits = { ...SOURCE_LIMITS };
  for (const value of values) {
    const at = value.indexOf("=");
    const key = NAMES[value.slice(0, Math.max(at, 0))];
    const text = value.slice(at + 1);
    if (key === undefined || text === "") throw invalid(value);
    limits[key] = text === "none" ? Infinity : READ[key](text);
    if (!(limits[key] > 0)) throw invalid(value);
  }
  return limits;
}

function whole(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function invalid(value: string): InvalidInput {
  return new InvalidInput(`--source-limit ${value} is not a limit`, {
    suggestions: [
      "Write bytes=SIZE, entries=NUMBER, ratio=NUMBER or time=DURATION, for example --source-limit bytes=64g.",
      "The value none removes a limit.",
    ],
  });
}

/** The error of what exceeds a limit. @param name of the archive or repository */
export function overLimit(name: string, key: keyof SourceLimits, limits: SourceLimits): InvalidInput {
  const texts: Readonly<Record<keyof SourceLimits, [what: string, larger: string]>> = {
    bytes: [`has more than ${formatBytes(limits.bytes)} of files`, `bytes=${Math.ceil(limits.bytes / 1024 ** 3) * 2}g`],
    entries: [`has more than ${limits.entries} files, links and directories`, `entries=${limits.entries * 2}`],
    ratio: [`unpacks to more than ${limits.ratio} times its size`, `ratio=${limits.ratio * 2}`],
    timeMs: [`did not arrive within ${formatDuration(limits.timeMs)}`, `time=${Math.ceil(limits.timeMs / 1000) * 2}s`],
  };
  const [what, larger] = texts[key];
  return new InvalidInput(`${name} ${what}, which is the limit`, {
    suggestions: [`If that is right, allow more: --source-limit ${larger}`],
  });
}

/** Runs work that has the limit's time. @throws overLimit */
export async function withinTime<T>(
  name: string,
  limits: SourceLimits,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const expired = new AbortController();
  // A timer holds 31 bits of milliseconds.
  const timer =
    limits.timeMs < 2 ** 31
      ? setTimeout(() => expired.abort(overLimit(name, "timeMs", limits)), limits.timeMs)
      : undefined;
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
