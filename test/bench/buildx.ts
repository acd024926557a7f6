/** The first build with nothing running, against buildx's kubernetes driver, whose builder must start. */
import { createBuilder } from "./buildx-builder.ts";
import { findCompiled, howToCompile } from "./compiled.ts";
import { compare } from "./row.ts";
import type { Row } from "./row.ts";
import { makeScratch } from "./scratch.ts";
import { buildWithSlipway, took, writeSmallProject } from "./small-project.ts";
import { environment, makeNamespace } from "./test-cluster.ts";

export const buildx: Row = {
  name: "buildx",
  rounds: 5,
  async measure(rounds) {
    const about = {
      what: "first build, nothing running",
      against: "buildx v0.38.2, kubernetes driver, its builder to boot",
      goal: 0.1,
      limit: 1,
    };
    const program = await findCompiled("buildx", "buildx");
    if (program === undefined) return [{ ...about, missing: howToCompile("buildx", "buildx") }];
    const registry = environment("REGISTRY");
    await using scratch = await makeScratch();
    await using home = await makeScratch();
    await using namespace = await makeNamespace();
    await writeSmallProject(scratch.path, registry);
    const image = `${registry}/bench/${namespace.name}`;
    const contest = {
      ...about,
      slipway: () => buildWithSlipway(namespace.name, `${image}:slipway`, scratch.path),
      other: async () => {
        await using builder = await createBuilder(program, namespace.name, home.path);
        const built = await builder.build("-t", `${image}:buildx`, "--push", scratch.path);
        return builder.createdMs + took(built);
      },
    };
    return [await compare(rounds, contest)];
  },
};
