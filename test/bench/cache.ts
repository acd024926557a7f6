/** One changed file of many: the bytes and time of `--transport cache`, against a build that sends the whole context. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { check } from "../integrity/check.ts";
import { absolute, ratioOf } from "./row.ts";
import type { Row } from "./row.ts";
import { fillForSending, makeScratch } from "./scratch.ts";
import { environment, makeNamespace } from "./test-cluster.ts";

const FILES = 20_000;
const BYTES = 100_000_000;

export const cache: Row = {
  name: "cache",
  rounds: 5,
  async measure(rounds) {
    await using scratch = await makeScratch();
    await using namespace = await makeNamespace();
    await fillForSending(scratch.path, FILES, BYTES);
    const image = `${environment("REGISTRY")}/bench/${namespace.name}`;
    const ship = async (...how: readonly string[]): Promise<{ ms: number; bytes: number }> => {
      const args = ["-n", namespace.name, "-t", image, "--send-all", "--context-warning", "0", ...how];
      const { ship: shipped } = await check([...args, scratch.path]);
      if (shipped === undefined) throw new Error("nothing was shipped");
      return shipped;
    };
    const changed: { ms: number; bytes: number }[] = [];
    const whole: { ms: number; bytes: number }[] = [];
    // The first round fills the volume.
    for (let round = 0; round <= rounds; round++) {
      await writeFile(join(scratch.path, "d7", "f707"), randomBytes(5000));
      const difference = await ship("--transport", "cache", "--cache-name", "bench", "--volume-size", "1Gi");
      const all = await ship("--transport", "stream");
      if (round === 0) continue;
      changed.push(difference);
      whole.push(all);
    }
    const what = `one file changed of ${FILES}, ${BYTES / 1e6} MB, cache`;
    const bytes = { what: `${what}: bytes`, against: "bytes of the full context", unit: "bytes", goal: 0.01 } as const;
    const time = { what: `${what}: shipping`, against: "", unit: "ms", goal: 1000 } as const;
    return [
      ratioOf(
        bytes,
        changed.map((one) => one.bytes),
        whole.map((one) => one.bytes),
      ),
      absolute(
        time,
        changed.map((one) => one.ms),
      ),
    ];
  },
};
