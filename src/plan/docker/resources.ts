/** `-m`, `--cpu-*`, `--resource`, `--shm-size` and `--ulimit`. */
import { InvalidInput } from "../../errors.ts";
import type { DockersVerdict } from "../../errors.ts";
import type { PodResources, Ulimit } from "./options.ts";

const UNITS: Readonly<Record<string, number>> = { "": 0, k: 1, m: 2, g: 3, t: 4, p: 5 };
/** A number as Go's ParseFloat reads it in base 10, and its unit. */
const SIZE = /^([+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:e[+-]?\d+)?) ?(?:b|([kmgtp])(?:i?b)?)?$/i;

/**
 * Reads a size as docker does (go-units, RAMInBytes): every unit is binary.
 * @returns bytes, which may be more than there are; undefined for an invalid size
 */
export function sizeInBytes(text: string): number | undefined {
  const [, number = "", unit = ""] = SIZE.exec(text) ?? [];
  const size = number === "" ? Number.NaN : Number(number.replaceAll("_", ""));
  return Number.isFinite(size) && size >= 0 ? Math.floor(size * 1024 ** (UNITS[unit.toLowerCase()] ?? 0)) : undefined;
}

/**
 * @param docker whether docker refuses an invalid size too: it reads some sizes with its command line and others later
 * @throws InvalidInput for an invalid size
 */
export function bytesOf(text: string, flag: string, docker: DockersVerdict = "accepts"): number {
  const bytes = sizeInBytes(text);
  if (bytes !== undefined && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidInput(`--${flag}: invalid size: '${text}'`, {
    docker,
    suggestions: ["Write bytes, or a number with k, m or g."],
  });
}

const KEYS = ["memory", "memory-swap", "cpu-shares", "cpu-period", "cpu-quota", "cpuset-cpus", "cpuset-mems"] as const;
type ResourceKey = (typeof KEYS)[number];

/** `--resource KEY=VALUE`; each means the flag with the name KEY. @throws InvalidInput with docker's message */
export function resourcePairs(values: readonly string[]): [ResourceKey, string][] {
  return values.map((value) => {
    const at = value.indexOf("=");
    const key = KEYS.find((known) => known === value.slice(0, Math.max(at, 0)));
    if (key !== undefined) return [key, value.slice(at + 1)];
    throw new InvalidInput(
      at === -1 ? `--resource: invalid value ${value}` : `unknown resources key ${value.slice(0, at)}`,
      { docker: "refuses", suggestions: [`Write --resource KEY=VALUE, with one of: ${KEYS.join(", ")}.`] },
    );
  });
}

/** A container's requests and limits. Undefined if no value sets one. @throws InvalidInput */
export function podResourcesOf(values: Readonly<Partial<Record<ResourceKey, string>>>): PodResources | undefined {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  if (values.memory !== undefined) {
    const bytes = bytesOf(values.memory, "memory", "refuses");
    // For docker, 0 means no limit.
    if (bytes > 0) requests["memory"] = limits["memory"] = String(bytes);
  }
  const shares = wholeOf(values["cpu-shares"], "cpu-shares");
  if (shares > 0) requests["cpu"] = milli(shares / 1024);
  const period = wholeOf(values["cpu-period"], "cpu-period") || 100_000;
  const quota = wholeOf(values["cpu-quota"], "cpu-quota");
  if (quota > 0) {
    limits["cpu"] = milli(quota / period);
    // Kubernetes refuses a request above the limit. Without a request it uses the limit.
    if (shares > quota) delete requests["cpu"];
  }
  return Object.keys({ ...requests, ...limits }).length === 0 ? undefined : { requests, limits };
}

function milli(cpus: number): string {
  return `${Math.max(1, Math.round(cpus * 1000))}m`;
}

function wholeOf(text: string | undefined, flag: string): number {
  if (text === undefined) return 0;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidInput(`--${flag}: invalid value ${text}`, {
    docker: "refuses",
    suggestions: ["Write a whole number."],
  });
}

/** The types of limits, with docker's names (go-units, ulimit.go). */
const ULIMITS = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" "),
);

function isInt64(text: string): boolean {
  const value = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, value) === value;
}

/** @throws InvalidInput with docker's message. */
export function ulimitsOf(values: readonly string[]): Ulimit[] {
  return values.map((value) => {
    const [, name = "", softText, hardText] = /^([^=]+)=([+-]?\d+)(?::([+-]?\d+))?$/.exec(value) ?? [];
    if (softText === undefined || ![softText, hardText ?? softText].every(isInt64)) {
      throw new InvalidInput(`invalid ulimit argument: ${value}`, {
        suggestions: ["Write --ulimit TYPE=SOFT[:HARD]."],
      });
    }
    if (!ULIMITS.has(name)) throw new InvalidInput(`invalid ulimit type: ${name}`);
    const soft = Number(softText);
    const hard = hardText === undefined ? soft : Number(hardText);
    if (hard !== -1 && (soft === -1 || soft > hard)) {
      throw new InvalidInput(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
    }
    return { name, soft, hard };
  });
}
