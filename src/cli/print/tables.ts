/** The tables of builds and of kept contexts. */
import type { BuildRecord } from "../../app/builds/record.ts";
import { formatBytes, formatElapsed } from "../../lib/text/measures.ts";
import { tableText } from "../../lib/text/table.ts";
import { fitTable } from "./fit-table.ts";
import type { Elastic } from "./fit-table.ts";
import type { KeptRecord } from "../../app/builds/kept-builders.ts";
import type { KeptContext } from "../../app/builds/kept-contexts.ts";

/** Spaces between columns. */
const GAP = 2;

export interface TableOptions {
  readonly now: number;
  /** Whether the table has a column for the user. */
  readonly users: boolean;
  /** Whether the table has a column for the namespace. */
  readonly namespaces?: boolean;
  /** In terminal cells; undefined: nothing is cut. */
  readonly width?: number | undefined;
}

/** Of an image, its repository and tag tell more than its registry. The end of a name tells two builds of an image apart. */
const BUILD_ELASTIC: readonly Elastic[] = [
  { title: "IMAGE", least: 16, tail: Number.POSITIVE_INFINITY },
  { title: "USER", least: 8 },
  { title: "NAMESPACE", least: 10 },
  { title: "NAME", least: 14, tail: 8 },
];
const KEPT_ELASTIC: readonly Elastic[] = [
  { title: "USER", least: 8 },
  { title: "PLATFORM", least: 8, tail: Number.POSITIVE_INFINITY },
  { title: "NAME", least: 14, tail: 6 },
];
const CONTEXT_ELASTIC: readonly Elastic[] = [
  { title: "USED BY", least: 10 },
  { title: "CLAIM", least: 14, tail: 6 },
  { title: "NAME", least: 14 },
];

export function buildTable(
  records: readonly BuildRecord[],
  { now, users, namespaces = false, width }: TableOptions,
): string {
  const head = [
    ...(namespaces ? ["NAMESPACE"] : []),
    "NAME",
    "STATE",
    "IMAGE",
    "BUILDER",
    ...(users ? ["USER"] : []),
    "CREATED",
    "TOOK",
  ];
  const rows = records.map((record) => [
    ...(namespaces ? [record.namespace] : []),
    record.name,
    record.state,
    imageOf(record),
    record.builder,
    ...(users ? [record.user === "" ? "-" : record.user] : []),
    `${age(now - Date.parse(record.createdAt))} ago`,
    took(record, now),
  ]);
  return tableText(fitTable([head, ...rows], BUILD_ELASTIC, GAP, width), GAP);
}

function imageOf({ references, platform }: BuildRecord): string {
  const [first = "-", ...more] = references;
  return [first, ...(more.length === 0 ? [] : [`+${more.length}`]), ...(platform === undefined ? [] : [platform])].join(
    " ",
  );
}

function took({ createdAt, endedAt }: BuildRecord, now: number): string {
  const until = endedAt === undefined ? now : Date.parse(endedAt);
  return formatElapsed(Math.max(0, until - Date.parse(createdAt)));
}

/** In whole units: `5 s`, `3 min`, `2 h`, `4 d`. Never negative, as the two clocks may differ. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export function contextTable(contexts: readonly KeptContext[], now: number, width?: number): string {
  const rows = contexts.map(({ name, claim, size, phase, createdAt, usedBy }) => [
    name,
    claim,
    size,
    phase,
    `${age(now - Date.parse(createdAt))} ago`,
    usedBy.length === 0 ? "-" : usedBy.join(","),
  ]);
  const head = ["NAME", "CLAIM", "SIZE", "STATE", "CREATED", "USED BY"];
  return tableText(fitTable([head, ...rows], CONTEXT_ELASTIC, GAP, width), GAP);
}

// Kept builders as a table.

export function keptTable(
  builders: readonly KeptRecord[],
  { now, users, width }: Omit<TableOptions, "namespaces">,
): string {
  const rows = builders.map(({ name, user, platform, state, lastUsed, keepSeconds, diskBytes, builds }) => {
    const idle = now - Date.parse(lastUsed);
    const left = keepSeconds * 1000 - idle;
    return [
      name,
      state,
      ...(users ? [user === "" ? "-" : user] : []),
      platform === "" ? "-" : platform,
      builds === undefined || builds === 0 ? age(idle) : "-",
      builds === undefined || builds === 0 ? age(left) : "-",
      diskBytes === undefined ? "-" : formatBytes(diskBytes),
      builds === undefined ? "-" : String(builds),
    ];
  });
  const head = ["NAME", "STATE", ...(users ? ["USER"] : []), "PLATFORM", "IDLE", "ENDS IN", "DISK", "BUILDS"];
  return tableText(fitTable([head, ...rows], KEPT_ELASTIC, GAP, width), GAP);
}
