/** The whole command of a small build, against the kubectl calls that do the same by hand. */
import { ROOT, mustRun } from "./command.ts";
import { compare } from "./row.ts";
import type { Row } from "./row.ts";
import { makeScratch } from "./scratch.ts";
import { buildWithSlipway, took, writeSmallProject } from "./small-project.ts";
import { environment, makeNamespace } from "./test-cluster.ts";

export const trivial: Row = {
  name: "trivial",
  rounds: 9,
  async measure(rounds) {
    const registry = environment("REGISTRY");
    const kaniko = environment("SLIPWAY_KANIKO_IMAGE");
    await using scratch = await makeScratch();
    await using namespace = await makeNamespace();
    await writeSmallProject(scratch.path, registry);
    const image = `${registry}/bench/${namespace.name}`;
    const byHand = [`${ROOT}test/bench/by-hand.sh`, namespace.name, `${image}:by-hand`, kaniko, scratch.path];
    const contest = {
      what: "trivial build, whole command",
      against: "six kubectl calls",
      goal: 0.5,
      limit: 1,
      slipway: () => buildWithSlipway(namespace.name, `${image}:slipway`, scratch.path),
      other: async () => took(await mustRun("bash", byHand)),
    };
    return [await compare(rounds, contest)];
  },
};
