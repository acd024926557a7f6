/**
 * Records the outcomes of the real docker in all cases of the contract: `make contract-record`. The builder uses buildx's
 * kubernetes driver in a new namespace, with the test cluster's BuildKit image, so no engine is needed.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compiled } from "../e2e/support/compiled.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SUITES = ["contract", "situations", "checks"];

/** Reads a variable of the test cluster. @throws Error if it is not set */
function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set: eval "$(test/cluster/env)"`);
  return value;
}

const registry = environment("REGISTRY");
const image = environment("SLIPWAY_BUILDKIT_IMAGE");
const docker = compiled("buildx", "docker");
const name = `slipway-record-${randomBytes(4).toString("hex")}`;
const home = await mkdtemp(join(tmpdir(), "slipway-record-"));
const env = {
  ...process.env,
  DOCKER_CONFIG: home,
  BUILDX_BUILDER: name,
  // Otherwise docker attaches provenance by default, and pushes an index. One situation records that.
  BUILDX_NO_DEFAULT_ATTESTATIONS: "1",
};
const go = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();

await mkdir(join(home, "cli-plugins"));
await symlink(compiled("buildx", "buildx"), join(home, "cli-plugins/docker-buildx"));
await writeFile(join(home, "config.json"), "{}");
const settings = join(home, "buildkitd.toml");
await writeFile(settings, `[registry."${registry}"]\nhttp = true\n`);

// Ctrl-C ends only the tests, so that the cleanup below still runs.
process.on("SIGINT", () => {});
let status = 1;
go("kubectl", "create", "namespace", name);
try {
  const options = [`namespace=${name}`, `image=${image}`, "rootless=true"];
  const driver = ["--driver", "kubernetes", ...options.flatMap((option) => ["--driver-opt", option])];
  // The rootless image does not read this path by default.
  const flags = "--config /etc/buildkit/buildkitd.toml";
  go(docker, "buildx", "create", "--name", name, ...driver, "--buildkitd-config", settings, "--buildkitd-flags", flags);
  const inspected = go(docker, "buildx", "inspect", "--bootstrap", name);
  const of = {
    docker: /\d+\.\d+\.\d+/.exec(go(docker, "--version"))?.[0],
    buildx: /v(\d+\.\d+\.\d+)/.exec(go(docker, "buildx", "version"))?.[1],
    buildkit: /^BuildKit version:\s*v?(\S+)/m.exec(inspected)?.[1],
  };
  const files = SUITES.map((suite) => `test/contract/${suite}.test.ts`);
  const extra = process.argv.slice(2);
  const recorded = spawnSync("vitest", ["run", "--project", "contract", ...files, ...extra], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...env, CONTRACT_COMMAND: `${docker} build`, CONTRACT_RECORD: JSON.stringify(of) },
  });
  status = recorded.status ?? 1;
} finally {
  // Ignores a failure, because the builder may not exist.
  spawnSync(docker, ["buildx", "rm", name], { env, stdio: "ignore" });
  spawnSync("kubectl", ["delete", "namespace", name, "--wait=false"], { env, stdio: "inherit" });
  await rm(home, { recursive: true, force: true });
}
process.exitCode = status;
