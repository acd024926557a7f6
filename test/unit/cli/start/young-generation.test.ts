/** How much memory V8 takes for new objects in a run that is long. */
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

const MODULE = new URL("../../../../src/cli/start/young-generation.ts", import.meta.url).href;

/** Size in MB of the part for new objects, after a second in which nothing happens and then many objects, some of which stay. */
function sizeAfterAllocating(isBound: boolean): number {
  const script = `
    import { getHeapSpaceStatistics } from "node:v8";
    import { setTimeout } from "node:timers/promises";
    const { boundYoungGeneration } = await import(${JSON.stringify(MODULE)});
    if (${isBound}) boundYoungGeneration();
    await setTimeout(1200);
    const kept = [];
    for (let at = 0; at < 2_000_000; at++) {
      const made = { at, text: "x" + at };
      if (at % 30 === 0) kept.push(made);
    }
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
    console.log(space.space_size / 2 ** 20, kept.length > 0);`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  expect(stderr).toBe("");
  return Number(stdout.split(" ")[0]);
}

it("stays small once the program has run for a second, where V8 would let it grow", () => {
  expect(sizeAfterAllocating(true)).toBeLessThanOrEqual(8);
  expect(sizeAfterAllocating(false)).toBeGreaterThan(16);
});
