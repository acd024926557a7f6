/** Adds up the suites' results. A run that stopped before a suite had results has failed, whatever the others say. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const say = (line) => process.stdout.write(`${line}\n`);
const [directory, status] = process.argv.slice(2);
const SUITES = ["unit", "e2e"];

let passed = 0;
let failed = 0;
for (const suite of SUITES) {
  const file = join(directory, `${suite}.json`);
  if (!existsSync(file)) {
    say(`suite ${suite} left no results`);
    failed += 1;
    continue;
  }
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests } = JSON.parse(
    readFileSync(file, "utf8"),
  );
  const rest = numPendingTests === 0 ? "" : `; ${numPendingTests} more are in make e2e only`;
  say(`suite ${suite}: ${numPassedTests} passed, ${numFailedTests} failed${rest}`);
  passed += numPassedTests;
  failed += Math.max(numFailedTests, numFailedTestSuites > 0 && numFailedTests === 0 ? 1 : 0);
}
if (status !== "0" && failed === 0) failed = 1;
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
