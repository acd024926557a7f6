/** Functions of points in time, which are texts in the form of RFC 3339. */
import {
  ArgumentError,
  aboutArgument,
  anyParameter,
  numberAt,
  numberParameter,
  textAt,
  textFunction,
  textParameter,
  valueAt,
} from "../function.ts";
import type { Functions } from "../function.ts";
import { isInteger, toBigInt } from "../number.ts";
import type { HclNumber } from "../number.ts";
import { HclError } from "../source.ts";
import { asNumber, integer, object, text } from "../value.ts";
import type { Value } from "../value.ts";

/** A point in time, and its offset from UTC in minutes. */
interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly offsetMinutes: number;
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+|,\d+)?(?:Z|([+-])(\d\d):(\d\d))$/;

const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_DAY = 86_400;
const MS_PER_SECOND = 1000;
const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** @throws HclError for another form */
function parseTime(value: string): Time {
  const match = RFC_3339.exec(value);
  if (match === null) throw new HclError(`${JSON.stringify(value)} is not a time like 2006-01-02T15:04:05Z`);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] = match.slice(7);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDay || hour > 23 || minute > 59 || second > 59 || Number(offsetHours) > 23 || Number(offsetMinutes) > 59) {
    throw new HclError(`${JSON.stringify(value)} is not a valid time`);
  }
  const offset = (sign === "-" ? -1 : 1) * (Number(offsetHours) * 60 + Number(offsetMinutes));
  return {
    seconds: date.getTime() / MS_PER_SECOND + hour * 3600 + minute * 60 + second - offset * SECONDS_PER_MINUTE,
    nanoseconds: Number(fraction.slice(1, 10).padEnd(9, "0")),
    offsetMinutes: offset,
  };
}

const two = (value: number): string => String(value).padStart(2, "0");

/** The local date, in the UTC fields of a Date. */
function clockOf({ seconds, offsetMinutes }: Time): Date {
  const clock = new Date((seconds + offsetMinutes * SECONDS_PER_MINUTE) * MS_PER_SECOND);
  if (Number.isNaN(clock.getTime())) throw new HclError("the time is out of range");
  return clock;
}

function offsetText(offsetMinutes: number, separator: string): string {
  const size = Math.abs(offsetMinutes);
  return `${offsetMinutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`;
}

function yearText(year: number): string {
  return (year < 0 ? "-" : "") + String(Math.abs(year)).padStart(4, "0");
}

function toRfc3339(time: Time): string {
  const clock = clockOf(time);
  const date = `${yearText(clock.getUTCFullYear())}-${two(clock.getUTCMonth() + 1)}-${two(clock.getUTCDate())}`;
  const hours = `${two(clock.getUTCHours())}:${two(clock.getUTCMinutes())}:${two(clock.getUTCSeconds())}`;
  return `${date}T${hours}${time.offsetMinutes === 0 ? "Z" : offsetText(time.offsetMinutes, ":")}`;
}

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

type Field = (clock: Date, offsetMinutes: number) => string;

const hour12 = (clock: Date): number => clock.getUTCHours() % 12 || 12;

/** The field for each repeated letter of a format. Source: go-cty, cty/function/stdlib/datetime.go. */
const FIELDS: Readonly<Record<string, Field>> = {
  YY: (clock) => two(clock.getUTCFullYear() % 100),
  YYYY: (clock) => yearText(clock.getUTCFullYear()),
  M: (clock) => String(clock.getUTCMonth() + 1),
  MM: (clock) => two(clock.getUTCMonth() + 1),
  MMM: (clock) => (MONTHS[clock.getUTCMonth()] ?? "").slice(0, 3),
  MMMM: (clock) => MONTHS[clock.getUTCMonth()] ?? "",
  D: (clock) => String(clock.getUTCDate()),
  DD: (clock) => two(clock.getUTCDate()),
  EEE: (clock) => (DAYS[clock.getUTCDay()] ?? "").slice(0, 3),
  EEEE: (clock) => DAYS[clock.getUTCDay()] ?? "",
  h: (clock) => String(clock.getUTCHours()),
  hh: (clock) => two(clock.getUTCHours()),
  H: (clock) => String(hour12(clock)),
  HH: (clock) => two(hour12(clock)),
  AA: (clock) => (clock.getUTCHours() < 12 ? "AM" : "PM"),
  aa: (clock) => (clock.getUTCHours() < 12 ? "am" : "pm"),
  m: (clock) => String(clock.getUTCMinutes()),
  mm: (clock) => two(clock.getUTCMinutes()),
  s: (clock) => String(clock.getUTCSeconds()),
  ss: (clock) => two(clock.getUTCSeconds()),
  Z: (_, offset) => (offset === 0 ? "Z" : offsetText(offset, ":")),
  ZZZ: (_, offset) => (offset === 0 ? "UTC" : offsetText(offset, "")),
  ZZZZ: (_, offset) => offsetText(offset, ""),
  ZZZZZ: (_, offset) => offsetText(offset, ":"),
};

/** Each character belongs to a part. */
const FORMAT_PART = /'(?:[^']|'')*'|'|([a-zA-Z])\1*|[^a-zA-Z']+/gsy;

function formatTime(format: string, time: Time): string {
  const clock = clockOf(time);
  return format.replace(FORMAT_PART, (part: string) => {
    if (part === "'") throw new ArgumentError(0, "a quote in the format is not closed");
    if (part === "''") return "'";
    if (part.startsWith("'")) return part.slice(1, -1).replaceAll("''", "'");
    if (!/^[a-zA-Z]/.test(part)) return part;
    const field = Object.hasOwn(FIELDS, part) ? FIELDS[part] : undefined;
    if (field === undefined) throw new ArgumentError(0, `${part} is unknown in a format of time`);
    return field(clock, time.offsetMinutes);
  });
}

/** The largest number of seconds that a Date can hold. */
const MAX_SECONDS = 8.64e12;

function unixTime(value: HclNumber): Time {
  if (!isInteger(value)) throw new HclError("seconds since 1970 must be a whole number");
  const seconds = Number(toBigInt(value));
  if (Math.abs(seconds) > MAX_SECONDS) throw new HclError("the time is out of range");
  return { seconds, nanoseconds: 0, offsetMinutes: 0 };
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: NANOSECONDS_PER_SECOND,
  m: 60n * NANOSECONDS_PER_SECOND,
  h: 3600n * NANOSECONDS_PER_SECOND,
};

/** Units of Go's durations. */
const MAX_DURATION_NS = 2n ** 63n - 1n;

/** @returns nanoseconds of a duration like 1h30m. */
function parseDuration(value: string): bigint {
  const wrong = new HclError(`${JSON.stringify(value)} is not a duration like 1h30m`);
  const unsigned = value.replace(/^[+-]/, "");
  if (unsigned === "0") return 0n;
  if (unsigned.length > 200 || !/^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(unsigned)) throw wrong;
  let total = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of unsigned.matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/gy,
  )) {
    const size = UNITS[unit] ?? 0n;
    total += BigInt(whole || "0") * size;
    total += (BigInt(fraction || "0") * size) / 10n ** BigInt(fraction.length);
  }
  if (total > MAX_DURATION_NS) throw wrong;
  return value.startsWith("-") ? -total : total;
}

function added(time: Time, duration: bigint): Time {
  const total = BigInt(time.nanoseconds) + duration;
  const nanoseconds = ((total % NANOSECONDS_PER_SECOND) + NANOSECONDS_PER_SECOND) % NANOSECONDS_PER_SECOND;
  const seconds = Number((total - nanoseconds) / NANOSECONDS_PER_SECOND);
  return { ...time, seconds: time.seconds + seconds, nanoseconds: Number(nanoseconds) };
}

function isoWeekOf(clock: Date): { readonly year: number; readonly week: number } {
  // A week belongs to the year of its Thursday.
  const day = clock.getUTCDay() || 7;
  const thursday = new Date(clock.getTime() + (4 - day) * SECONDS_PER_DAY * MS_PER_SECOND);
  const year = thursday.getUTCFullYear();
  return { year, week: Math.floor((yearDayOf(thursday) - 1) / 7) + 1 };
}

function yearDayOf(clock: Date): number {
  const start = new Date(clock);
  start.setUTCMonth(0, 1);
  return Math.round((clock.getTime() - start.getTime()) / (SECONDS_PER_DAY * MS_PER_SECOND)) + 1;
}

function partsOf(time: Time): Value {
  const clock = clockOf(time);
  const iso = isoWeekOf(clock);
  return object([
    ["year", integer(clock.getUTCFullYear())],
    ["year_day", integer(yearDayOf(clock))],
    ["day", integer(clock.getUTCDate())],
    ["month", integer(clock.getUTCMonth() + 1)],
    ["month_name", text(MONTHS[clock.getUTCMonth()] ?? "")],
    ["weekday", integer(clock.getUTCDay())],
    ["weekday_name", text(DAYS[clock.getUTCDay()] ?? "")],
    ["hour", integer(clock.getUTCHours())],
    ["minute", integer(clock.getUTCMinutes())],
    ["second", integer(clock.getUTCSeconds())],
    ["rfc3339", text(toRfc3339(time))],
    ["iso_year", integer(iso.year)],
    ["iso_week", integer(iso.week)],
  ]);
}

export const TIME: Functions = {
  formatdate: {
    description: "The time in another form. Deprecated: formattimestamp does it too.",
    parameters: [textParameter("format"), textParameter("time")],
    run: (args) => {
      const time = aboutArgument(1, () => parseTime(textAt(args, 1)));
      return text(formatTime(textAt(args, 0), time));
    },
  },
  formattimestamp: {
    description: "The time, a text or the seconds since 1970, in the form of the format. X is the seconds since 1970.",
    parameters: [textParameter("format"), anyParameter("time")],
    run: (args) => {
      const source = valueAt(args, 1);
      if (source.type.kind !== "string" && source.type.kind !== "number") {
        throw new ArgumentError(1, "it must be a time, or the seconds since 1970");
      }
      const time = aboutArgument(1, () =>
        source.type.kind === "string" ? parseTime(textAt(args, 1)) : unixTime(asNumber(source)),
      );
      const format = textAt(args, 0);
      return text(format === "X" ? String(time.seconds) : formatTime(format, time));
    },
  },
  timeadd: textFunction(
    "The time with the duration added, which is like 1h30m.",
    ["timestamp", "duration"],
    (time = "", duration = "") => toRfc3339(added(parseTime(time), parseDuration(duration))),
  ),
  timestamp: {
    description: "The time it is now, in UTC.",
    parameters: [],
    run: () => text(`${new Date().toISOString().slice(0, 19)}Z`),
  },
  unixtimestampparse: {
    description: "An object with the parts of a time, given as the seconds since 1970.",
    parameters: [numberParameter("unix_timestamp")],
    run: (args) => partsOf(aboutArgument(0, () => unixTime(numberAt(args, 0)))),
  },
};
