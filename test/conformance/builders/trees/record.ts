/** The results of the last comparison, and their section of docs/reference/builders.md. */
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { WAYS } from "../columns.ts";
import { REFERENCE } from "./compare.ts";
import type { Comparison } from "./compare.ts";
import { RICH } from "./dockerfile.ts";
import { REASONS } from "./reasons.ts";

const FILE = new URL("comparison.json", import.meta.url);

export interface RecordedComparison {
  /** The commit whose program was run. */
  readonly commit: string;
  /** Of the run, as YYYY-MM-DD in UTC. */
  readonly date: string;
  readonly differences: Comparison;
  /** Runs by themselves after the last whole one, by builder. */
  readonly since?: Readonly<Record<string, { readonly commit: string; readonly date: string }>>;
}

/** @throws Error before the first run */
export async function readComparison(): Promise<RecordedComparison> {
  return JSON.parse(await readFile(FILE, "utf8")) as RecordedComparison;
}

/** @param whole whether all builders were compared; else the others' results stay as they are */
export async function recordComparison(differences: Comparison, whole: boolean): Promise<void> {
  const commit = execFileSync("git", ["rev-parse", "--short=10", "HEAD"], { encoding: "utf8" }).trim();
  const date = new Date().toISOString().slice(0, 10);
  const before = whole ? undefined : await readComparison();
  const run = Object.fromEntries(Object.keys(differences).map((builder) => [builder, { commit, date }]));
  const recorded: RecordedComparison =
    before === undefined
      ? { commit, date, differences }
      : { ...before, differences: { ...before.differences, ...differences }, since: { ...before.since, ...run } };
  await writeFile(FILE, `${JSON.stringify(recorded, undefined, 2)}\n`);
}

export function comparisonSection({ commit, date, differences, since = {} }: RecordedComparison): string {
  const later = Object.entries(since).map(([builder, run]) => ` (${builder} at ${run.commit} on ${run.date})`);
  const compared = WAYS.filter((name) => name !== REFERENCE);
  const rows = compared.flatMap((builder) =>
    (differences[builder] ?? []).map(
      ({ where, expected, seen }) =>
        `| ${builder} | \`${where}\` | ${cell(expected)} | ${cell(seen)} | ${REASONS[builder][where] ?? ""} |`,
    ),
  );
  const counts = compared.map((builder) => `${builder} ${differences[builder]?.length ?? 0}`).join(", ");
  return `## The same Dockerfile through all five

This Dockerfile was built by all five, and by BuildKit in a kept builder too, at ${commit} on ${date}${later.join("")}, and every image compared with BuildKit's, which is what docker builds with: of
every path, whiteouts applied, its type, mode, owner, size, content, link target, hard links and the names of its extended attributes; and the
configuration. Times are left out. What is not as BuildKit's (${counts}) is listed; all else is equal. \`make test\` fails on a
difference that is not listed, and on one that is gone.

\`\`\`dockerfile
${RICH.dockerfile.replaceAll(/@([a-z]+)@/g, (_whole, name: string) => (name === "id" ? "context" : `registry/${name}`))}
\`\`\`

| builder | of the image | BuildKit's | its own | why |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}

function cell(text: string): string {
  return text.startsWith("{") || text.startsWith("[") ? `\`${text}\`` : text.replaceAll("|", "\\|");
}
