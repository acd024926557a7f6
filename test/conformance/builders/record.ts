/** The results of the last runs, stored beside the cases. docs/reference/builders.md is made from them. */
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type { Outcome } from "./outcome.ts";

const FILE = new URL("results.json", import.meta.url);

export interface Results {
  /** The commit whose program was run, for each column's last run of all cases. */
  readonly commits: Readonly<Record<string, string>>;
  /** Results of later runs of single cases: by column, then by case. */
  readonly since: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By case, then by column of the page. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, Outcome>>>>;
}

export async function readResults(): Promise<Results> {
  return JSON.parse(await readFile(FILE, "utf8")) as Results;
}

/**
 * @param outcomes by `CASE COLUMN`; what is not among them stays as it was
 * @param whole whether they are of all cases
 */
export async function record(outcomes: ReadonlyMap<string, Outcome>, whole: boolean): Promise<void> {
  const before = await readResults().catch((): Results => ({ commits: {}, since: {}, outcomes: {} }));
  const commit = execFileSync("git", ["rev-parse", "--short=10", "HEAD"], { encoding: "utf8" }).trim();
  const commits: Record<string, string> = { ...before.commits };
  const since: Record<string, Record<string, string>> = Object.fromEntries(
    Object.entries(before.since).map(([builder, cases]) => [builder, { ...cases }]),
  );
  if (whole) for (const key of outcomes.keys()) delete since[split(key)[1]];
  const after: Record<string, Record<string, Outcome>> = Object.fromEntries(
    Object.entries(before.outcomes).map(([id, builders]) => [id, { ...builders }]),
  );
  for (const [key, outcome] of outcomes) {
    const [id, builder] = split(key);
    if (whole) commits[builder] = commit;
    else (since[builder] ??= {})[id] = commit;
    const detail = outcome.detail === undefined ? {} : { detail: withoutAddresses(outcome.detail) };
    (after[id] ??= {})[builder] = { kind: outcome.kind, ...detail };
  }
  const sorted = Object.fromEntries(Object.entries(after).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(FILE, `${JSON.stringify({ commits, since, outcomes: sorted }, undefined, 2)}\n`);
}

/** The case and the column. */
function split(key: string): [id: string, column: string] {
  const at = key.indexOf(" ");
  return [key.slice(0, at), key.slice(at + 1)];
}

/** Of one run alone: no other has the same. */
function withoutAddresses(text: string): string {
  return text
    .replaceAll(/\b\d+\.\d+\.\d+\.\d+:\d+\b/g, "REGISTRY")
    .replaceAll(/\/tmp\/slipway-conformance-\w+/g, "CONTEXT");
}
