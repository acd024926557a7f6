/** A client of kept builders with a home of its own, as an account that may do what `slipway rbac --keep` prints. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { useNamespace } from "./namespace.ts";
import { slipway } from "./slipway.ts";
import type { Run, RunOptions } from "./slipway.ts";

export interface KeepClient {
  readonly namespace: ReturnType<typeof useNamespace>;
  /** The directory of its configuration and its caches; known once the file's tests run. */
  readonly home: () => string;
  /** Runs a command in the client's namespace, or in that of `-n`. */
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Run>;
  /** Builds in a kept builder. */
  readonly build: (args: readonly string[], options?: RunOptions) => Promise<Run>;
  /** Builds in a kept builder. @throws Error with the whole output if the build fails */
  readonly mustBuild: (args: readonly string[], options?: RunOptions) => Promise<Run>;
}

/** Its builders are stopped and its home is removed after the file's tests. */
export function useKeepClient(): KeepClient {
  const namespace = useNamespace({ rbac: ["--keep"] });
  let home = "";
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "slipway-keep-home-"));
  });
  afterAll(async () => {
    await run(["keep", "stop", "--all"]);
    await rm(home, { recursive: true, force: true });
  });

  function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    const env = { KUBECONFIG: namespace.kubeconfig, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home, ...options.env };
    const where = args.includes("-n") ? [] : ["-n", namespace.name];
    return slipway([...args, ...where], { ...options, env });
  }
  function build(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    return run(["build", "--keep", "10m", "--progress", "plain", ...args], options);
  }
  async function mustBuild(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    const ended = await build(args, options);
    if (ended.code !== 0) throw new Error(`slipway ended with ${ended.code}:\n${ended.output}`);
    return ended;
  }
  return { namespace, home: () => home, run, build, mustBuild };
}

/** The builder that a build with `--progress plain` made, or an empty text if it used one that was there. */
export function builderIn({ stderr }: Run): string {
  return /^=> create: (?:found )?(slipway-keep-[0-9a-f]+)/m.exec(stderr)?.[1] ?? "";
}
