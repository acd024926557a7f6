/**
 * Measures speed as ratios: slipway and another program do the same work alternately in one run.
 * `npm run bench -- [ROW…] [--rounds N] [--json] [--npm]` prints the table of docs/explanation/speed.md with the current commit; --json
 * prints medians, spreads and goals as data; --npm measures the npm package instead of the executable. The exit code is 1 if a result reaches its limit. A missed goal is only shown, because
 * machines differ.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { atTheEnd } from "./at-the-end.ts";
import { buildx } from "./buildx.ts";
import { cache } from "./cache.ts";
import { MEASURED_NAME, ROOT, run } from "./command.ts";
import { executable } from "./executable.ts";
import { kanikoSwitches } from "./kaniko-switches.ts";
import { loading } from "./loading.ts";
import { memory } from "./memory.ts";
import { matching } from "./matching.ts";
import { packing } from "./packing.ts";
import { keep } from "./keep.ts";
import type { Result, Row } from "./row.ts";
import { shipping } from "./shipping.ts";
import { skaffold } from "./skaffold.ts";
import { startup } from "./startup.ts";
import { printTable } from "./table.ts";
import { trivial } from "./trivial.ts";

const ROWS: readonly Row[] = [
  trivial,
  skaffold,
  buildx,
  startup,
  executable,
  packing,
  shipping,
  cache,
  loading,
  memory,
  matching,
  kanikoSwitches,
  ...keep,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string" }, json: { type: "boolean", default: false }, npm: { type: "boolean" } },
});
const unknown = positionals.filter((name) => ROWS.every((row) => row.name !== name));
if (unknown.length > 0)
  throw new Error(`no such row: ${unknown.join(", ")}; there are ${ROWS.map(({ name }) => name).join(", ")}`);

const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
  throw new Error(`--rounds takes a whole number from 1, not ${values.rounds}`);

await using _ = atTheEnd;
const results: Result[] = [];
for (const row of ROWS) {
  if (positionals.length > 0 && !positionals.includes(row.name)) continue;
  process.stderr.write(`${row.name}: ${rounds ?? row.rounds} rounds\n`);
  const measured = await row.measure(rounds ?? row.rounds);
  process.stderr.write(printTable(measured));
  results.push(...measured);
}
const [commit, changes] = await Promise.all([git("rev-parse", "--short", "HEAD"), git("status", "--porcelain")]);
const { node } = process.versions;
process.stdout.write(
  values.json
    ? `${JSON.stringify({ commit, changed: changes !== "", node, slipway: MEASURED_NAME, results }, undefined, 2)}\n`
    : `Commit ${commit}${changes === "" ? "" : " with changes"}, ${availableParallelism()} cores, Node ${node}, slipway: ${MEASURED_NAME}; medians (least – most).\n\n${printTable(results)}`,
);
const tooSlow = results.some((result) => !("missing" in result) && result.value >= (result.limit ?? Infinity));
if (tooSlow) process.exitCode = 1;

async function git(...args: readonly string[]): Promise<string> {
  return (await run("git", ["-C", ROOT, ...args])).stdout.trim();
}
