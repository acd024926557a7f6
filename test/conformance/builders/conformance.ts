/**
 * Builds every case with every builder on the cluster and says what came of each:
 * `node test/conformance/builders/conformance.ts [--builder NAME]… (also "buildkit --keep") [--case ID]… [--trees] [--record]`. Without a choice
 * it also compares the images of one Dockerfile, which is all that `--trees` does. Exits 1 when anything is not as documented. `--record` keeps what came out, from which docs/reference/builders.md is made.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import setup from "../../e2e/support/global-setup.ts";
import { setUp } from "./bench.ts";
import { CASES } from "./cases/all.ts";
import { WAYS, isWay } from "./columns.ts";
import { surprise } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { buildersPage } from "./page.ts";
import { readResults, record } from "./record.ts";
import { jobsFor } from "./suite.ts";
import { compareBuilders } from "./trees/compare.ts";
import { unexplained } from "./trees/reasons.ts";
import { readComparison, recordComparison } from "./trees/record.ts";

/** Builds at once: the test cluster's node has two processors. */
const AT_ONCE = 3;

const { values } = parseArgs({
  options: {
    builder: { type: "string", multiple: true },
    case: { type: "string", multiple: true },
    trees: { type: "boolean" },
    record: { type: "boolean" },
  },
});
const builders = values.builder === undefined ? WAYS : values.builder.filter(isWay);
const cases = values.trees === true ? [] : CASES.filter(({ id }) => values.case?.includes(id) ?? true);
const compares = values.trees ?? (values.case === undefined && values.builder === undefined);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const given = Object.entries(process.env).filter(([name]) => /^SLIPWAY_[A-Z]+_IMAGE$/.test(name));
setup();
// An image that the caller names goes before the test cluster's, and has a column of its own.
Object.assign(process.env, Object.fromEntries(given));
const outcomes = new Map<string, Outcome>();
let surprises = 0;
{
  await using benches = await setUp();
  const jobs: (() => Promise<void>)[] = [];
  for (const builder of builders) {
    const bench = benches.of(builder);
    const found = await jobsFor(cases, bench, (one, outcome) => {
      outcomes.set(`${one.id} ${bench.column}`, outcome);
      const wrong = surprise(one, bench.column, outcome);
      if (wrong !== undefined) surprises += 1;
      const detail = outcome.kind === "ok" ? "" : `: ${outcome.detail ?? ""}`;
      say(
        `${wrong === undefined ? " " : "!"} ${bench.column.padEnd(15)} ${one.id.padEnd(24)} ${outcome.kind}${detail}`,
      );
    });
    jobs.push(...found);
  }
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
    }),
  );
  if (compares) {
    const comparison = await compareBuilders(benches, builders, AT_ONCE);
    for (const [builder, differences] of Object.entries(comparison)) {
      for (const { where, seen } of differences) say(`  ${builder.padEnd(15)} ${where}: ${seen}`);
      const wrong = isWay(builder) ? unexplained(builder, differences) : [];
      for (const sentence of wrong) say(`! ${sentence}`);
      surprises += wrong.length;
    }
    if (values.record === true) await recordComparison(comparison, values.builder === undefined);
  }
}
const counts = Object.groupBy(outcomes.values(), ({ kind }) => kind);
const summary = Object.entries(counts).map(([kind, all]) => `${all.length} ${kind}`);
say(`${cases.length} cases, ${builders.length} builders: ${summary.join(", ")}; ${surprises} not as documented`);
if (values.record === true) {
  await record(outcomes, values.case === undefined);
  await writeFile(
    new URL("../../../docs/reference/builders.md", import.meta.url),
    buildersPage(await readResults(), await readComparison()),
  );
}
process.exitCode = surprises === 0 ? 0 : 1;
