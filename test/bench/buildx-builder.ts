/** Creates a builder with buildx's kubernetes driver and the test cluster's BuildKit image, rootless like slipway's. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./command.ts";
import type { Finished } from "./command.ts";
import { environment } from "./test-cluster.ts";

export interface BuildxBuilder extends AsyncDisposable {
  /** Milliseconds that `buildx create` took. The pod starts with the first build. */
  readonly createdMs: number;
  build(...args: readonly string[]): Promise<Finished>;
}

/**
 * @param program path of buildx
 * @param home an empty directory for buildx's own files
 */
export async function createBuilder(program: string, namespace: string, home: string): Promise<BuildxBuilder> {
  const registry = environment("REGISTRY");
  const settings = join(home, "buildkitd.toml");
  await writeFile(settings, `[registry."${registry}"]\nhttp = true\n`);
  const buildx = (...args: readonly string[]): Promise<Finished> =>
    mustRun(program, args, { env: { BUILDX_CONFIG: join(home, "buildx") } });
  const options = [`namespace=${namespace}`, `image=${environment("SLIPWAY_BUILDKIT_IMAGE")}`, "rootless=true"];
  // The rootless image does not read this path by default.
  const flags = "--config /etc/buildkit/buildkitd.toml";
  const driver = ["--driver", "kubernetes", "--buildkitd-config", settings, "--buildkitd-flags", flags];
  const name = `bench-${randomBytes(4).toString("hex")}`;
  const created = await buildx("create", "--name", name, ...driver, ...options.flatMap((one) => ["--driver-opt", one]));
  return {
    createdMs: created.ms,
    build: (...args) => buildx("build", "--builder", name, ...args),
    [Symbol.asyncDispose]: async () => void (await buildx("rm", name)),
  };
}
