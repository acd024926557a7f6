/** A small build from end to end, against the kubectl calls a person would make for it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT, SLIPWAY, mustRun } from "./command.ts";
import type { Finished } from "./command.ts";
import { compare } from "./row.ts";
import type { Row } from "./row.ts";
import { makeScratch } from "./scratch.ts";
import { environment, makeNamespace } from "./test-cluster.ts";

export const trivial: Row = {
  name: "trivial",
  rounds: 9,
  async measure(rounds) {
    const registry = environment("REGISTRY");
    const kaniko = environment("SLIPWAY_KANIKO_IMAGE");
    await using scratch = await makeScratch();
    await using namespace = await makeNamespace();
    await writeFile(
      join(scratch.path, "Dockerfile"),
      `FROM ${registry}/busybox:1.35\nRUN echo built > /built\nCOPY greeting /greeting\n`,
    );
    await writeFile(join(scratch.path, "greeting"), "hello\n");
    const image = `${registry}/bench/${namespace.name}`;
    const contest = {
      what: "trivial build, whole command",
      against: "six kubectl calls",
      goal: 0.65,
      limit: 1,
      slipway: async () =>
        took(
          await mustRun(process.execPath, [
            SLIPWAY,
            "build",
            "-n",
            namespace.name,
            "-t",
            `${image}:slipway`,
            scratch.path,
          ]),
        ),
      other: async () =>
        took(
          await mustRun("bash", [
            `${ROOT}test/bench/by-hand.sh`,
            namespace.name,
            `${image}:by-hand`,
            kaniko,
            scratch.path,
          ]),
        ),
    };
    return [await compare(rounds, contest)];
  },
};

/** Both say what they built: slipway among its progress, the script at its end. */
function took({ stdout, stderr, ms }: Finished): number {
  if (!/sha256:[0-9a-f]{64}\s*$/.test(stdout + stderr)) throw new Error(`no digest at the end of:\n${stdout}${stderr}`);
  return ms;
}
