/** The peak memory of the client with a large context, from its start to the end of the build. */
import { check } from "../integrity/check.ts";
import { absolute } from "./row.ts";
import type { Row } from "./row.ts";
import { fillForSending, makeScratch } from "./scratch.ts";
import { environment, makeNamespace } from "./test-cluster.ts";

const FILES = 2000;
const BYTES = 2_000_000_000;

export const memory: Row = {
  name: "memory",
  rounds: 5,
  async measure(rounds) {
    await using scratch = await makeScratch();
    await using namespace = await makeNamespace();
    await fillForSending(scratch.path, FILES, BYTES);
    const args = ["-n", namespace.name, "-t", `${environment("REGISTRY")}/bench/${namespace.name}`];
    const peaks: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { peak, ship } = await check([...args, "--send-all", "--context-warning", "0", scratch.path]);
      // Half of the files have random bytes, which cannot be compressed.
      if (!((ship?.bytes ?? 0) > BYTES / 2)) throw new Error(`no more than ${ship?.bytes} bytes were shipped`);
      peaks.push(peak);
    }
    const what = `peak memory, context of ${BYTES / 1e9} GB`;
    return [absolute({ what, against: "", unit: "bytes", goal: 200e6 }, peaks)];
  },
};
