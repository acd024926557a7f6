/** The whole command of a small build, against skaffold with kaniko in the cluster. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./command.ts";
import { findCompiled, howToCompile } from "./compiled.ts";
import { compare } from "./row.ts";
import type { Row } from "./row.ts";
import { makeScratch } from "./scratch.ts";
import { buildWithSlipway, took, writeSmallProject } from "./small-project.ts";
import { environment, makeNamespace } from "./test-cluster.ts";

export const skaffold: Row = {
  name: "skaffold",
  rounds: 5,
  async measure(rounds) {
    const against = "skaffold v2.16.1, kaniko in the cluster";
    const about = { what: "trivial build, whole command", against, goal: 0.28, limit: 1 };
    const program = await findCompiled("skaffold", "skaffold");
    if (program === undefined) return [{ ...about, missing: howToCompile("skaffold", "skaffold") }];
    const registry = environment("REGISTRY");
    await using scratch = await makeScratch();
    await using home = await makeScratch();
    await using namespace = await makeNamespace();
    await writeSmallProject(scratch.path, registry);
    const image = `${registry}/bench/${namespace.name}`;
    const file = join(home.path, "skaffold.yaml");
    await writeFile(file, JSON.stringify(configuration(`${image}-skaffold`, scratch.path, namespace.name)));
    // Without --cache-artifacts=false skaffold skips a build when nothing has changed.
    const args = ["build", "-f", file, "--cache-artifacts=false", "--interactive=false", "--update-check=false"];
    const env = { HOME: home.path, SKAFFOLD_DISABLE_METRICS: "true" };
    const contest = {
      ...about,
      slipway: () => buildWithSlipway(namespace.name, `${image}:slipway`, scratch.path),
      other: async () => took(await mustRun(program, args, { env })),
    };
    return [await compare(rounds, contest)];
  },
};

function configuration(image: string, context: string, namespace: string): object {
  const registry = environment("REGISTRY");
  const kaniko = {
    image: environment("SLIPWAY_KANIKO_IMAGE"),
    initImage: environment("SLIPWAY_HELPER_IMAGE"),
  };
  return {
    apiVersion: "skaffold/v4beta13",
    kind: "Config",
    build: {
      artifacts: [{ image, context, kaniko }],
      tagPolicy: { envTemplate: { template: "bench" } },
      insecureRegistries: [registry],
      cluster: { namespace },
    },
  };
}
