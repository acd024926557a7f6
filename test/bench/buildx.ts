/** The first build with nothing running, against buildx's kubernetes driver: its builder has to boot. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./command.ts";
import type { Finished } from "./command.ts";
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
    const settings = join(home.path, "buildkitd.toml");
    await writeFile(settings, `[registry."${registry}"]\nhttp = true\n`);
    const buildxDoes = (...args: readonly string[]): Promise<Finished> =>
      mustRun(program, args, { env: { BUILDX_CONFIG: join(home.path, "buildx") } });
    const options = [`namespace=${namespace.name}`, `image=${environment("SLIPWAY_BUILDKIT_IMAGE")}`, "rootless=true"];
    // The rootless image does not look there for its configuration by itself.
    const flags = "--config /etc/buildkit/buildkitd.toml";
    const driver = ["--driver", "kubernetes", "--buildkitd-config", settings, "--buildkitd-flags", flags];
    driver.push(...options.flatMap((option) => ["--driver-opt", option]));
    const contest = {
      ...about,
      slipway: () => buildWithSlipway(namespace.name, `${image}:slipway`, scratch.path),
      other: async () => {
        const name = `bench-${randomBytes(4).toString("hex")}`;
        const builder = ["--builder", name];
        const created = await buildxDoes("create", "--name", name, ...driver);
        const built = await buildxDoes("build", ...builder, "-t", `${image}:buildx`, "--push", scratch.path);
        await buildxDoes("rm", ...builder);
        return created.ms + took(built);
      },
    };
    return [await compare(rounds, contest)];
  },
};
