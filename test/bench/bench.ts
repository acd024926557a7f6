/**
 * Speed as ratios: slipway and another way to do the same, in turns, in one run. `npm run bench -- [ROW…] [--rounds N] [--json]`
 * Ends with 1 when something is slower than it may ever be; a missed goal is only shown, as machines differ.
 */
import { parseArgs } from "node:util";
import { packing } from "./packing.ts";
import type { Comparison, Row } from "./row.ts";
import { shipping } from "./shipping.ts";
import { startup } from "./startup.ts";
import { printTable } from "./table.ts";
import { trivial } from "./trivial.ts";

const ROWS: readonly Row[] = [startup, trivial, packing, shipping];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string" }, json: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => ROWS.every((row) => row.name !== name));
if (unknown.length > 0)
  throw new Error(`no such row: ${unknown.join(", ")}; there are ${ROWS.map(({ name }) => name).join(", ")}`);

const results: Comparison[] = [];
for (const row of ROWS) {
  if (positionals.length > 0 && !positionals.includes(row.name)) continue;
  const rounds = Number(values.rounds ?? row.rounds);
  process.stderr.write(`${row.name}: ${rounds} rounds\n`);
  results.push(...(await row.measure(rounds)));
}
process.stdout.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : printTable(results));
if (results.some(({ ratio, limit }) => limit !== undefined && ratio >= limit)) process.exitCode = 1;
