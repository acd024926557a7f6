/** Runs one suite of vitest; in CI also leaves its results where they are counted. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const [suite, ...more] = process.argv.slice(2);
const results = process.env["SLIPWAY_TEST_RESULTS"];
const reporters =
  results === undefined
    ? []
    : ["--reporter=default", "--reporter=json", `--outputFile.json=${join(results, `${suite}.json`)}`];
const { status } = spawnSync("vitest", ["run", "--project", suite, ...reporters, ...more], { stdio: "inherit" });
process.exitCode = status ?? 1;
