/** A change in the last layer of a large image: the bytes that `--load` sends to a Docker engine, against the whole image. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runSlipway } from "./command.ts";
import { ratioOf } from "./row.ts";
import type { Row } from "./row.ts";
import { makeScratch } from "./scratch.ts";
import { environment, makeNamespace } from "./test-cluster.ts";

const BYTES = 500_000_000;

export const loading: Row = {
  name: "loading",
  rounds: 3,
  async measure(rounds) {
    await using scratch = await makeScratch();
    await using namespace = await makeNamespace();
    // When loaded, it asks for the cluster's environment, which rows without a cluster do not have.
    const { startDocker } = await import("../e2e/support/start-engine.ts");
    await using engine = await startDocker();
    const dockerfile = `FROM ${environment("REGISTRY")}/busybox:1.35\nCOPY big /big\nCOPY small /small\n`;
    await writeFile(join(scratch.path, "Dockerfile"), dockerfile);
    await writeFile(join(scratch.path, "big"), randomBytes(BYTES));
    const load = async (): Promise<number> => {
      await writeFile(join(scratch.path, "small"), randomBytes(5000));
      const args = [
        "build",
        "-n",
        namespace.name,
        "--keep=10m",
        "--load",
        "--progress=json",
        "-t",
        "bench",
        scratch.path,
      ];
      const { stderr } = await runSlipway(args, {
        env: { DOCKER_HOST: engine.host, SLIPWAY_CONTEXT_WARNING: "0" },
      });
      return sentBytes(stderr);
    };
    // The engine has no layers yet, so it gets the whole image.
    const whole = await load();
    const changed: number[] = [];
    for (let round = 0; round < rounds; round++) changed.push(await load());
    const about = {
      what: `last layer changed of ${BYTES / 1e6} MB, --load: bytes`,
      against: "bytes of the whole image",
      unit: "bytes",
      goal: 0.01,
    } as const;
    return [
      ratioOf(
        about,
        changed,
        changed.map(() => whole),
      ),
    ];
  },
};

/** Returns the number of bytes that the stage `load` reports. @param text the build's events, one JSON object per line */
function sentBytes(text: string): number {
  const events = text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { readonly type: string; readonly stage?: string; readonly bytes?: number });
  const bytes = events.find(({ type, stage }) => type === "stage-done" && stage === "load")?.bytes;
  if (bytes === undefined) throw new Error(`no bytes were reported:\n${text}`);
  return bytes;
}
